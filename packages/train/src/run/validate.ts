import type { Loader } from '@inplace-abn/data';
import type { Engine } from '../engine/engine.js';
import { Accuracy } from '../meters/accuracy.js';
import { RunningAverage } from '../meters/running-average.js';
import { StepClock } from '../meters/step-clock.js';
import type { Progress } from '../progress/progress.js';
import { readMetrics } from '../run-folder/metrics-log.js';

export interface Validation {
  readonly loss: number;
  /** Percent. */
  readonly top1: number;
  readonly top5: number;
  readonly images: number;
}

/** `top-1 84.21 %  top-5 99.80 %  loss 0.4321  images 10000`. */
export function formatValidation({ loss, top1, top5, images }: Validation): string {
  return `top-1 ${top1.toFixed(2)} %  top-5 ${top5.toFixed(2)} %  loss ${loss.toFixed(4)}  images ${images}`;
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
}

/** Runs the whole validation set once. */
export async function validate(options: ValidationOptions): Promise<Validation> {
  const { engine, loader, images, crop, progress, epoch, epochs } = options;
  const [loss, accuracy, clock] = [new RunningAverage(), new Accuracy(), new StepClock()];
  clock.start();
  for await (const batch of loader.epoch(0)) {
    clock.dataReady();
    const result = await engine.evaluate(batch, crop);
    batch.release();
    loss.add(result.loss, batch.size);
    accuracy.add(result.correct1, result.correct5, batch.size);
    clock.stepDone(batch.size);
    progress.update({
      phase: 'val',
      epoch,
      epochs,
      step: batch.number + 1,
      steps: loader.batches,
      loss: result.loss,
      meanLoss: loss.mean,
      top1: accuracy.top1,
      top5: accuracy.top5,
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      peakBytes: engine.bytes,
      etaSeconds: clock.eta(images - accuracy.count),
    });
  }
  progress.finish();
  return { loss: loss.mean, top1: accuracy.top1, top5: accuracy.top5, images: accuracy.count };
}

/** The newest validation in the metrics of a run, made on `images` images; null when there is none. */
export async function lastValidation(metricsPath: string, images: number): Promise<Validation | null> {
  const record = (await readMetrics(metricsPath)).findLast(({ phase }) => phase === 'val');
  return record ? { loss: record.loss, top1: record.top1, top5: record.top5, images } : null;
}
