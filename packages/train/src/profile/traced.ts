import type { Plan, Timing } from '@inplace-abn/core';

/** An engine that can time the instructions of its plan. */
export interface TracedEngine {
  readonly plan: Plan;
  /** Calls `listener` with per-instruction times of every training step from now on. */
  trace(listener: (timings: readonly Timing[]) => void): void;
}
