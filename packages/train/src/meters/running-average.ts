/** A weighted average over everything added since the last reset, and one that forgets. */
export class RunningAverage {
  /** The value added last. NaN before the first. */
  last = Number.NaN;
  private sum = 0;
  private weight = 0;
  private smoothedSum = 0;
  private smoothedWeight = 0;

  /** @param decay what `smoothed` keeps of the past at each value: 0.98 looks back over about 50 values */
  constructor(private readonly decay = 0.98) {
    if (!(decay >= 0 && decay < 1)) throw new RangeError(`expected a decay in [0, 1), received ${decay}`);
  }

  /** @param weight usually the number of images that `value` is the mean of */
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

  /** The average since the last reset. NaN where nothing was added. */
  get mean(): number {
    return this.sum / this.weight;
  }

  /** The exponential average, without bias towards its start; `reset` leaves it alone. */
  get smoothed(): number {
    return this.smoothedSum / this.smoothedWeight;
  }

  /** Starts a new epoch: forgets `mean` and `count`. */
  reset(): void {
    this.sum = 0;
    this.weight = 0;
  }
}
