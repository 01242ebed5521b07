/** Metrics as a table, for spreadsheets and plots: the records of metrics.jsonl without those by class. */
import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { METRIC_NAMES } from '../meters/metrics.js';
import type { MetricRecord } from './metrics-log.js';

/** The columns: those of a record, of its metrics, and of a validation of averaged weights. */
const COLUMNS = [
  'phase',
  'epoch',
  'step',
  'loss',
  ...METRIC_NAMES,
  'averaged.loss',
  ...METRIC_NAMES.map((name) => `averaged.${name}`),
  'learningRate',
  'gradientNorm',
  'imagesPerSecond',
  'waitShare',
  'time',
];

/**
 * A table next to a metrics log. Starts over with the records of the log, then appends a row for each new
 * one.
 */
export class MetricsCsv {
  private readonly file: number;

  /** @param log path of the metrics.jsonl whose lines it begins with */
  constructor(path: string, log: string) {
    this.file = openSync(path, 'w');
    writeSync(this.file, `${COLUMNS.join(',')}\n`);
    writeSync(this.file, linesOf(log).map(rowOf).join(''));
  }

  add(record: MetricRecord): void {
    appendFileSync(this.file, rowOf(record));
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The records of a log, without a last line that a killed run left incomplete. */
function linesOf(log: string): object[] {
  const text = readFileSync(log, 'utf8');
  return text.split('\n').slice(0, -1).flatMap(parsed);
}

function parsed(line: string): object[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? [value] : [];
  } catch {
    return [];
  }
}

function rowOf(record: object): string {
  return `${COLUMNS.map((column) => cell(record, column.split('.'))).join(',')}\n`;
}

/** The cell of a value; empty for a missing or non-finite one. */
function cell(record: object, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (object, key) => (typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined),
    record,
  );
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'string' ? value : '';
}
