import { appendFileSync, closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { type ByClass, type Metrics, metricScalars } from '../meters/metrics.js';
import { MetricsCsv } from './metrics-csv.js';

/** One line of metrics.jsonl, including the task's metrics. */
export interface MetricRecord extends Metrics, ByClass {
  /** `train`: one step. `val`: one validation. */
  phase: 'train' | 'val';
  /** Epoch, from 1. */
  epoch: number;
  /** Training steps since the run began. */
  step: number;
  /** Mean over the batch, or over the validation set. */
  loss: number;
  /** Base rate of the step. */
  learningRate?: number;
  /** Results of the averages of the weights, in a validation of a run that has them. */
  averaged?: Metrics &
    ByClass & {
      /** Mean over the validation set. */
      readonly loss: number;
    };
  /** Global norm of the gradients before clipping. */
  gradientNorm?: number;
  /** A moving average. */
  imagesPerSecond?: number;
  /** Fraction of time spent waiting for data, 0 to 1. */
  waitShare?: number;
  /** Seconds since 1970. */
  time?: number;
}

/** The position where a run continues. */
export interface ResumePosition {
  /** Completed epochs, including their validation. */
  readonly epoch: number;
  /** Completed training steps. */
  readonly step: number;
}

/**
 * Appends one JSON object per line, and a row to the .csv next to it. Each is in the file when `add` returns,
 * so a killed run loses none.
 */
export class MetricsLog {
  private readonly file: number;
  private readonly csv: MetricsCsv;
  private open = true;

  /** Opens both files to append to them, and creates those that are missing. */
  constructor(
    /** The file, which may exist. */
    readonly path: string,
  ) {
    this.file = openSync(path, 'a');
    this.csv = new MetricsCsv(path.replace(/(\.jsonl)?$/, '.csv'), path);
  }

  /**
   * NaN and infinities become null, because JSON has neither.
   *
   * @throws Error after `close`
   */
  add(record: MetricRecord): void {
    if (!this.open) throw new Error(`metrics log ${this.path} is closed`);
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
    this.csv.add(record);
  }

  /** Closes both files. May be called more than once. */
  close(): void {
    if (this.open) {
      closeSync(this.file);
      this.csv.close();
    }
    this.open = false;
  }
}

/**
 * Reads metrics.jsonl. Skips an incomplete last line of a killed run; reads null as NaN.
 *
 * @throws if another line is not a JSON object, naming file and line
 */
export async function readMetrics(path: string): Promise<MetricRecord[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  // Text after the last newline is either empty or incomplete.
  return lines.slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line, (_, value: unknown) => (value === null ? Number.NaN : value)) as MetricRecord;
    } catch {
      throw new Error(`${path}:${i + 1}: expected one JSON object per line; remove or repair this line`);
    }
  });
}

/** The scalars of a record, by TensorBoard tag. */
export function scalarsOf(record: MetricRecord): Record<string, number> {
  const { phase, loss, learningRate, gradientNorm, averaged } = record;
  const rate = learningRate === undefined ? {} : { [`${phase}/lr`]: learningRate };
  const norm = gradientNorm === undefined ? {} : { [`${phase}/gradient_norm`]: gradientNorm };
  const ema = averaged && { 'ema/loss': averaged.loss, ...metricScalars('ema', averaged) };
  return { [`${phase}/loss`]: loss, ...rate, ...norm, ...metricScalars(phase, record), ...ema };
}

export interface Rewound {
  /** The first step whose events are invalid. */
  readonly eventStep: number;
  /** The record of that step if it remains valid: its events must be written again. */
  readonly stands: MetricRecord | null;
}

/** Drops the records that a run resumed at `position` will write again. */
export async function rewindMetrics(path: string, { epoch, step }: ResumePosition): Promise<Rewound> {
  const records = await readMetrics(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // The state of the last step may have been saved before the epoch's validation, which then runs again at
  // the same step.
  const kept = records.filter(
    (record) => record.step <= step && !(record.phase === 'val' && record.epoch > epoch),
  );
  await writeFileAtomic(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
  // TensorBoard hides events by step only, so the last step disappears with a validation that must be hidden.
  const validated = records.some((record) => record.step === step && !kept.includes(record));
  if (!validated) return { eventStep: step + 1, stands: null };
  const stands = kept.findLast((record) => record.phase === 'train' && record.step === step) ?? null;
  return { eventStep: step, stands };
}
