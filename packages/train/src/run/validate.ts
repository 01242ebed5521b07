import type { Loader } from '@inplace-abn/data';
import type { Engine } from '../engine/engine.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import { ALONE, type Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';
import { readMetrics } from '../run-folder/metrics-log.js';
import { METRICS, type MetricName, type Metrics, metricEntries } from '../task/metrics.js';

/** The metrics of a task over a whole data set. */
export interface Validation extends Metrics {
  readonly loss: number;
  readonly images: number;
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
  readonly engine: Engine;
  readonly loader: Loader;
  readonly images: number;
  readonly crop: number;
  readonly progress: Progress;
  /** For the progress line, counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** The processes that share the set; default: this one alone. */
  readonly peers?: Peers;
}

/** Runs the whole validation set once, over all processes; all of them get its result. */
export async function validate(options: ValidationOptions): Promise<Validation> {
  const { engine, loader, images, crop, progress, epoch, epochs, peers = ALONE } = options;
  const meter = engine.task.newMeter('val');
  const [loss, clock] = [new RunningAverage(), new StepClock()];
  clock.start();
  for await (const batch of loader.epoch(0)) {
    clock.dataReady();
    // The last batch may have nothing for this process.
    if (batch.size === 0) {
      batch.release();
      continue;
    }
    const result = await engine.evaluate(batch, crop);
    const { labelled } = meter.add(result.outputs, batch);
    batch.release();
    // The mean over no labels is not a number.
    if (labelled > 0) loss.add(result.loss, labelled);
    clock.stepDone(batch.size);
    progress.update({
      phase: 'val',
      epoch,
      epochs,
      step: batch.number + 1,
      steps: loader.batches,
      loss: result.loss,
      meanLoss: loss.mean,
      ...meter.metrics,
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      peakBytes: engine.bytes,
      etaSeconds: clock.eta(images / peers.size - clock.images),
    });
  }
  progress.finish();
  const own = Float64Array.of(loss.total, loss.count, clock.images, ...meter.counts());
  const [total = 0, weight = 0, counted = 0, ...counts] = await peers.sum(own);
  meter.setCounts(Float64Array.from(counts));
  return { loss: total / weight, ...meter.metrics, images: counted };
}

/** The newest validation in the metrics of a run, made on `images` images; null when there is none. */
export async function lastValidation(
  metricsPath: string,
  names: readonly MetricName[],
  images: number,
): Promise<Validation | null> {
  const record = (await readMetrics(metricsPath)).findLast(({ phase }) => phase === 'val');
  if (!record) return null;
  const metrics: Metrics = Object.fromEntries(names.map((name) => [name, record[name]]));
  return { loss: record.loss, ...metrics, images };
}
