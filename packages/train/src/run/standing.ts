import type { FitCallback, FitEpoch, FitStep } from '@inplace-abn/session';
import type { MetricName } from '../meters/metrics.js';
import type { Position } from './position.js';
import type { Validation } from './validate.js';

/** Where a run stands, and how good it has been. The first of a run's callbacks: the others ask it. */
export class Standing implements FitCallback {
  /** Whether the last epoch was the best so far. */
  better = false;

  /** @param validation the newest; null where the run has none */
  constructor(
    private current: Position,
    private readonly criterion: MetricName,
    public validation: Validation | null = null,
  ) {}

  /** Epoch, step and best result so far. */
  get position(): Position {
    return this.current;
  }

  onStep({ step, stepInEpoch }: FitStep): void {
    this.current = { ...this.current, step: step + 1, stepInEpoch: stepInEpoch + 1 };
  }

  onEpoch({ epoch, validation }: FitEpoch): void {
    const { step, best } = this.current;
    const reached = validation?.metrics[this.criterion] ?? Number.NaN;
    this.better = reached > best;
    const record = this.better ? { best: reached, stepOfBest: step } : {};
    this.current = { ...this.current, epoch: epoch + 1, stepInEpoch: 0, ...record };
  }
}
