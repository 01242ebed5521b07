import { RunningAverage } from './running-average.js';

/**
 * Divides the time of a loop into waiting for data and computing.
 *
 *     clock.start();
 *     for await (const batch of loader) { clock.dataReady(); await step(batch); clock.stepDone(batch.size); }
 */
export class StepClock {
  private since = Number.NaN;
  private waiting = 0;
  private total = 0;
  private seen = 0;
  private waited = 0;
  private readonly secondsPerImage: RunningAverage;

  /**
   * Stands still until {@link start}.
   *
   * @param now a monotonic clock in milliseconds
   * @param decay of the moving average behind `imagesPerSecond` and `eta`, per step
   */
  constructor(
    private readonly now: () => number = () => performance.now(),
    decay = 0.95,
  ) {
    this.secondsPerImage = new RunningAverage(decay);
  }

  /** Starts an epoch; time until `dataReady` counts as waiting. Keeps the smoothed speed. */
  start(): void {
    this.waiting = 0;
    this.total = 0;
    this.seen = 0;
    this.waited = 0;
    this.since = this.now();
  }

  /** Marks the moment at which the batch has arrived. */
  dataReady(): void {
    this.waited = this.now() - this.since;
  }

  /**
   * Marks the end of a step of `images` samples.
   *
   * @throws Error if `start` was not called
   */
  stepDone(images: number): void {
    const now = this.now();
    const elapsed = now - this.since;
    if (Number.isNaN(elapsed)) throw new Error('StepClock.stepDone was called before start');
    this.since = now;
    this.waiting += this.waited;
    this.total += elapsed;
    this.seen += images;
    this.waited = 0;
    if (images > 0) this.secondsPerImage.add(elapsed / 1000 / images, images);
  }

  /** Images since `start`. */
  get images(): number {
    return this.seen;
  }

  /** Seconds since `start`, up to the last step. */
  get seconds(): number {
    return this.total / 1000;
  }

  /** Fraction of the time since `start` spent waiting for data, 0 to 1. */
  get waitShare(): number {
    return this.total === 0 ? 0 : this.waiting / this.total;
  }

  /** Moving average over the last steps; 0 before the first. */
  get imagesPerSecond(): number {
    return this.secondsPerImage.count === 0 ? 0 : 1 / this.secondsPerImage.smoothed;
  }

  /** Estimated seconds for another `images` images; NaN before the first step. */
  eta(images: number): number {
    return images * this.secondsPerImage.smoothed;
  }
}
