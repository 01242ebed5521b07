/** A weighted average since the last reset, and an exponential moving average. */
export class RunningAverage {
  /** The last value added; NaN before the first. */
  last = Number.NaN;
  private sum = 0;
  private weight = 0;
  private smoothedSum = 0;
  private smoothedWeight = 0;

  /**
   * @param decay of the moving average, per value: 0.98 averages over about 50 values
   * @throws RangeError for a decay outside [0, 1)
   */
  constructor(private readonly decay = 0.98) {
    if (!(decay >= 0 && decay < 1)) throw new RangeError(`expected a decay in [0, 1), received ${decay}`);
  }

  /**
   * Adds a value.
   *
   * @param weight usually the number of images that `value` is the mean over
   */
  add(value: number, weight = 1): void {
    this.last = value;
    this.sum += value * weight;
    this.weight += weight;
    this.smoothedSum = this.decay * this.smoothedSum + (1 - this.decay) * value * weight;
    this.smoothedWeight = this.decay * this.smoothedWeight + (1 - this.decay) * weight;
  }

  /** Total weight since the last reset. */
  get count(): number {
    return this.weight;
  }

  /** Sum of value times weight since the last reset. */
  get total(): number {
    return this.sum;
  }

  /** Weighted mean since the last reset; NaN if nothing was added. */
  get mean(): number {
    return this.sum / this.weight;
  }

  /** Exponential moving average with bias correction; `reset` does not affect it. */
  get smoothed(): number {
    return this.smoothedSum / this.smoothedWeight;
  }

  /** Starts a new epoch: clears `mean` and `count`. */
  reset(): void {
    this.sum = 0;
    this.weight = 0;
  }
}
