import type { FitCallback, FitStep } from '@inplace-abn/session';
import { type Metrics, metricsNamed } from '../meters/metrics.js';
import type { StepClock } from '../meters/step-clock.js';
import type { Progress } from '../progress/progress.js';

/** The progress line and the clock that {@link ShowProgress} reads. */
export interface ShowProgressOptions {
  /** Where the line is printed. */
  readonly progress: Progress;
  /** Kept by {@link timeSteps} before it. */
  readonly clock: StepClock;
  /** Epochs of the whole training. */
  readonly epochs: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Images of a step, for the remaining time; default: its samples. */
  readonly images?: number;
  /** Bytes held. */
  readonly bytes?: () => number;
  /** Metrics over the epoch so far; default: the means of the steps. */
  readonly metrics?: () => Metrics;
}

/** Shows each step as a line of progress. */
export class ShowProgress implements FitCallback {
  /**
   * Shows lines from the first step on.
   *
   * @param options the line, the clock, and what it shows
   */
  constructor(private readonly options: ShowProgressOptions) {}

  onStep({ epoch, stepInEpoch, samples, loss, mean, learningRate }: FitStep): void {
    const { progress, clock, epochs, steps, images = samples, bytes, metrics } = this.options;
    const left = (epochs - epoch) * steps - (stepInEpoch + 1);
    progress.update({
      phase: 'train',
      epoch: epoch + 1,
      epochs,
      step: stepInEpoch + 1,
      steps,
      loss,
      meanLoss: mean.loss,
      ...(metrics?.() ?? metricsNamed(mean.metrics)),
      learningRate,
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      peakBytes: bytes?.(),
      etaSeconds: clock.eta(left * images),
    });
  }

  onEpoch(): void {
    this.options.progress.finish();
  }

  onStop(): void {
    this.options.progress.finish();
  }
}
