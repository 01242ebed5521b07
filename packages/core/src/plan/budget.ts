import { formatBytes } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';

/** Arena bytes: the budget, the plan without memory savings, and the smallest plan found. */
export interface BudgetBytes {
  readonly budget: number;
  readonly whole: number;
  readonly least: number;
}

/** Thrown if no plan for the graph fits the budget. */
export class BudgetError extends UsageError {
  override name = 'BudgetError';
  override readonly code = 'ERR_BUDGET';
  /** Arena bytes that the budget leaves. */
  readonly budget: number;
  /** Arena bytes of the plan without memory savings. */
  readonly whole: number;
  /** Arena bytes of the smallest plan found. */
  readonly least: number;

  /** `way`: the memory saving that was tried; `advice`: how to need less memory. */
  constructor({ budget, whole, least }: BudgetBytes, way: string, advice: string) {
    super(
      `the plan needs ${formatBytes(whole)} of memory in addition to the weights, or at least about ${formatBytes(least)} ` +
        `${way}, but the budget leaves ${formatBytes(budget)}: raise it, or use ${advice}`,
    );
    this.budget = budget;
    this.whole = whole;
    this.least = least;
  }
}
