import { type FitCallback, type FitEpoch, type FitStep, improved } from '@inplace-abn/session';
import type { ValidationResults } from '../callbacks/record-metrics.js';
import type { MetricName } from '../meters/metrics.js';
import type { Position } from './position.js';
import type { Validation } from './validate.js';

/** The position of a run, and its best result. The first of a run's callbacks, because the others read it. */
export class Standing implements FitCallback<string, ValidationResults> {
  /** Whether the last epoch was the best so far. */
  better = false;

  /**
   * Starts at the run's current position.
   *
   * @param current epoch, step and best result so far
   * @param criterion metric that decides which result is best
   * @param validation the newest; null if the run has none
   */
  constructor(
    private current: Position,
    private readonly criterion: MetricName,
    public validation: Validation | null = null,
    /** Percentage points by which a result must exceed the one to beat, for early stopping. */
    private readonly minDelta = 0,
  ) {}

  /** Epoch, step and best result so far. */
  get position(): Position {
    return this.current;
  }

  onStep({ step, stepInEpoch }: FitStep): void {
    this.current = { ...this.current, step: step + 1, stepInEpoch: stepInEpoch + 1 };
  }

  onEpoch({ epoch, validation }: FitEpoch<string, ValidationResults>): void {
    const { step, best } = this.current;
    const { averaged, metrics } = validation ?? { metrics: {} };
    const reached = (averaged?.metrics ?? metrics)[this.criterion] ?? Number.NaN;
    this.better = reached > best;
    const record = this.better ? { best: reached, stepOfBest: step } : {};
    const waited = improved(this.current, reached, this.minDelta);
    this.current = { ...this.current, epoch: epoch + 1, stepInEpoch: 0, ...waited, ...record };
  }
}
