/** Predicts the time of a step from a price list. */
import type { Phase } from '../ir/graph.js';
import type { Plan } from '../plan/plan.js';
import type { PriceList } from './price-list.js';
import { type PriceSource, Prices } from './prices.js';

/** A predicted time, in seconds. */
export interface PredictedTime {
  /** Time of the whole run. */
  readonly seconds: number;
  /** Seconds by kind of price. */
  readonly sources: Readonly<Record<PriceSource, number>>;
  /** Seconds by phase of the step. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Seconds spent on inverting and recomputing values for the backward pass. */
  readonly rebuilding: number;
}

/**
 * Predicts a run of these plans in sequence: the sum of the prices of their instructions, without the
 * prologue, which runs only when weights have changed, and without waiting for other processes.
 */
export function predictTime(plans: readonly Plan[], list: PriceList): PredictedTime {
  const prices = new Prices(list);
  const sources = { measured: 0, interpolated: 0, estimated: 0 };
  const phases = { forward: 0, backward: 0, update: 0 };
  let [seconds, rebuilding] = [0, 0];
  for (const plan of plans) {
    for (const step of plan.instructions.slice(plan.prologue)) {
      const price = prices.of(plan, step);
      seconds += price.seconds;
      sources[price.source] += price.seconds;
      phases[step.node.phase] += price.seconds;
      if (step.node.rebuilds) rebuilding += price.seconds;
    }
  }
  return { seconds, sources, phases, rebuilding };
}
