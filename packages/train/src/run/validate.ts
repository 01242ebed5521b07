import type { Batch, Loader, Sides } from '@inplace-abn/data';
import {
  type ByClass,
  byClassIn,
  METRICS,
  type MetricName,
  type Metrics,
  metricEntries,
  metricsUnder,
} from '../meters/metrics.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import { ALONE, type Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';
import { readMetrics } from '../run-folder/metrics-log.js';
import type { RunEngine, StepResult } from './engine.js';
import type { Halting } from './halting.js';
import type { Meter } from './meter.js';
import type { Unreadable } from './unreadable.js';

/** The metrics of a task over a whole data set. */
export interface Validation extends Metrics, ByClass {
  /** Mean over the images, or over the labeled pixels. */
  readonly loss: number;
  /** Images that were counted, each once. */
  readonly images: number;
  /** Results of the averages of the weights, if a run has them. */
  readonly averaged?: Metrics &
    ByClass & {
      /** Mean over the images, or over the labeled pixels. */
      readonly loss: number;
    };
}

/** `top-1 84.21 %  top-5 99.80 %  loss 0.4321  images 10000`. */
export function formatValidation(validation: Validation): string {
  const { loss, images } = validation;
  const metrics = metricEntries(validation).map(
    ([name, value]) => `${METRICS[name].label} ${value.toFixed(2)} %`,
  );
  return [...metrics, `loss ${loss.toFixed(4)}`, `images ${images}`].join('  ');
}

export interface ValidationOptions {
  readonly engine: Pick<RunEngine, 'task' | 'evaluate' | 'bytes'>;
  readonly loader: Loader;
  readonly images: number;
  /** Size of an image in pixels: the side of a square, or height and width. */
  readonly crop: Sides;
  readonly progress: Progress;
  /** Epoch in the progress line, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** The processes that share the set. Default: this one alone. */
  readonly peers?: Peers;
  /** Validates the averages of the weights. */
  readonly averaged?: boolean;
  /** Collects the skipped images. */
  readonly unreadable: Unreadable;
}

/**
 * Runs the whole validation set once, distributed over all processes; all of them get the result. If the loss
 * is NaN, so are the metrics, and such a validation is never the best.
 *
 * @throws UnreadableLimitError (ERR_UNREADABLE_LIMIT) and ImageError for images; CommError if a peer is lost
 */
export async function validate(options: ValidationOptions): Promise<Validation>;
/** With `halting`: null if the processes stop before the end of the set, all after the same batch. */
export async function validate(options: ValidationOptions, halting: Halting): Promise<Validation | null>;
export async function validate(options: ValidationOptions, halting?: Halting): Promise<Validation | null> {
  const {
    engine,
    loader,
    images,
    crop,
    progress,
    epoch,
    epochs,
    peers = ALONE,
    unreadable,
    averaged,
  } = options;
  const own = new Found(engine.task.newMeter('val'));
  const meter = engine.task.newMeter('val');
  const clock = new StepClock();
  let all: Sums = { total: 0, weight: 0, images: 0 };
  clock.start();
  let seen = 0;
  const batches = halting ? halting.batches(loader, 0) : loader.epoch(0, { signal: peers.lost });
  for await (const batch of batches) {
    seen++;
    clock.dataReady();
    // This process's share of the last batch may be empty; it then only takes part in the sum.
    if (batch.size > 0) own.add(await engine.evaluate(batch, crop, averaged), batch);
    batch.release();
    const before = all;
    // Sum every batch, so that a progress line covers all processes.
    const values = Float64Array.of(unreadable.untold, ...own.sums());
    const sums = await (halting ? halting.agree(values) : peers.sum(values));
    const [untold = 0, total = 0, weight = 0, counted = 0, ...counts] = sums;
    await unreadable.hear(untold);
    all = { total, weight, images: counted };
    meter.setCounts(Float64Array.from(counts));
    clock.stepDone(all.images - before.images);
    progress.update({
      phase: 'val',
      ...(averaged && { averaged }),
      epoch,
      epochs,
      step: batch.number + 1,
      steps: loader.batches,
      // NaN if there are no labels.
      loss: (all.total - before.total) / (all.weight - before.weight),
      meanLoss: all.total / all.weight,
      ...metricsUnder(all.total, meter.metrics),
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      peakBytes: engine.bytes,
      etaSeconds: clock.eta(images - clock.images),
    });
    if (halting?.signal) break;
  }
  progress.finish();
  if (seen < loader.batches) return null;
  if (own.scored) for (const part of await peers.gather(own.scored)) meter.addScored?.(part);
  if (Number.isNaN(all.total)) {
    progress.note(
      'the validation loss is NaN, so the metrics are unknown: the network computes non-finite values',
    );
  }
  const known = Number.isNaN(all.total) ? {} : meter.byClass;
  const metrics = metricsUnder(all.total, meter.metrics);
  return { loss: all.total / all.weight, ...metrics, ...known, images: all.images };
}

interface Sums {
  /** Sum of the loss times its weight; `weight` is the sum of weights. */
  readonly total: number;
  readonly weight: number;
  readonly images: number;
}

/** This process's counts over its shares of the batches so far. */
class Found {
  private readonly loss = new RunningAverage();
  private images = 0;

  constructor(private readonly meter: Meter) {}

  add({ loss, outputs }: StepResult, batch: Batch): void {
    const { labeled } = this.meter.add(outputs, batch);
    if (labeled > 0) this.loss.add(loss, labeled);
    this.images += batch.size;
  }

  get scored(): Meter['scored'] {
    return this.meter.scored;
  }

  /** The fields of {@link Sums}, followed by the meter's counts. */
  sums(): Float64Array {
    return Float64Array.of(this.loss.total, this.loss.count, this.images, ...this.meter.counts());
  }
}

/**
 * The last validation in a run's metrics, made on `images` images; null if there is none.
 *
 * @throws as {@link readMetrics} does
 */
export async function lastValidation(
  metricsPath: string,
  names: readonly MetricName[],
  images: number,
): Promise<Validation | null> {
  const record = (await readMetrics(metricsPath)).findLast(({ phase }) => phase === 'val');
  if (!record) return null;
  const metrics: Metrics = Object.fromEntries(names.map((name) => [name, record[name]]));
  const { averaged } = record;
  return { loss: record.loss, ...metrics, ...byClassIn(record), ...(averaged && { averaged }), images };
}
