import { formatBytes } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';

/** Bytes of arena: those allowed, those of the plan without any saving, and those of the most frugal plan found. */
export interface BudgetBytes {
  readonly budget: number;
  readonly whole: number;
  readonly least: number;
}

/** A budget that no way of computing the graph keeps to. */
export class BudgetError extends UsageError {
  override name = 'BudgetError';
  readonly budget: number;
  readonly whole: number;
  readonly least: number;

  /** `way`: what was tried to save memory; `advice`: what to take that needs less. */
  constructor({ budget, whole, least }: BudgetBytes, way: string, advice: string) {
    super(
      `the plan needs ${formatBytes(whole)} of memory beside the weights, ${way} about ${formatBytes(least)} ` +
        `at least, but the budget leaves ${formatBytes(budget)}: raise it, or take ${advice}`,
    );
    this.budget = budget;
    this.whole = whole;
    this.least = least;
  }
}
