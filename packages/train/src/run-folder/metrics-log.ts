import { appendFileSync, closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { type Metrics, metricScalars } from '../meters/metrics.js';

/** One line of metrics.jsonl, with the metrics of the task. */
export interface MetricRecord extends Metrics {
  phase: 'train' | 'val';
  /** Counted from 1. */
  epoch: number;
  /** Training steps done since the run began. */
  step: number;
  loss: number;
  learningRate?: number;
  /** Of each class, in a validation; NaN for one that does not occur. */
  iou?: readonly number[];
  imagesPerSecond?: number;
  /** Share of time spent waiting for data, 0 to 1. */
  waitShare?: number;
  /** Seconds since 1970. */
  time?: number;
}

/** Where a run is continued. */
export interface ResumePosition {
  /** Epochs completed, their validation included. */
  readonly epoch: number;
  /** Training steps done. */
  readonly step: number;
}

/** Appends one JSON object a line; each is in the file when `add` returns, so a killed run keeps them all. */
export class MetricsLog {
  private readonly file: number;
  private open = true;

  constructor(readonly path: string) {
    this.file = openSync(path, 'a');
  }

  /** NaN and infinities become null, as JSON has neither. */
  add(record: MetricRecord): void {
    if (!this.open) throw new Error(`metrics log ${this.path} is closed: nothing can be added to it`);
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    if (this.open) closeSync(this.file);
    this.open = false;
  }
}

/**
 * Reads metrics.jsonl. A last line that a killed run left unfinished is passed over; null is read as NaN.
 *
 * @throws where another line is not a JSON object, naming file and line
 */
export async function readMetrics(path: string): Promise<MetricRecord[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  // What follows the last line end is either nothing or torn.
  return lines.slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line, (_, value: unknown) => (value === null ? Number.NaN : value)) as MetricRecord;
    } catch {
      throw new Error(`${path}:${i + 1}: expected one JSON object a line; remove or repair this line`);
    }
  });
}

/** The scalars of a record, by TensorBoard's tags. */
export function scalarsOf(record: MetricRecord): Record<string, number> {
  const { phase, loss, learningRate } = record;
  const rate = learningRate === undefined ? {} : { [`${phase}/lr`]: learningRate };
  return { [`${phase}/loss`]: loss, ...rate, ...metricScalars(phase, record) };
}

export interface Rewound {
  /** The first step whose events are void. */
  readonly eventStep: number;
  /** The record of that step where it stands nevertheless: its events have to be written again. */
  readonly stands: MetricRecord | null;
}

/** Drops the records that a run resumed at `position` is going to write again. */
export async function rewindMetrics(path: string, { epoch, step }: ResumePosition): Promise<Rewound> {
  const records = await readMetrics(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // The state of a last step may be saved before its epoch's validation: then that comes again, at the same step.
  const kept = records.filter(
    (record) => record.step <= step && !(record.phase === 'val' && record.epoch > epoch),
  );
  await writeFileAtomic(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
  // TensorBoard hides events by their step alone, so the last step goes with a validation that it is hidden for.
  const validated = records.some((record) => record.step === step && !kept.includes(record));
  if (!validated) return { eventStep: step + 1, stands: null };
  const stands = kept.findLast((record) => record.phase === 'train' && record.step === step) ?? null;
  return { eventStep: step, stands };
}
