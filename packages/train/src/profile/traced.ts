import type { Plan, Timing } from '@inplace-abn/core';

/** Whatever runs the instructions of a plan and can time them. */
export interface TracedEngine {
  readonly plan: Plan;
  /** Calls `listener` with the times of every training step from now on, instruction by instruction. */
  trace(listener: (timings: readonly Timing[]) => void): void;
}
