/** The time of a step before it runs, from a price list. */
import type { Phase } from '../ir/graph.js';
import type { Plan } from '../plan/plan.js';
import type { PriceList } from './price-list.js';
import { type PriceSource, Prices } from './prices.js';

/** A predicted time, in seconds. */
export interface PredictedTime {
  /** Time of the whole run. */
  readonly seconds: number;
  /** How much of it each kind of price makes up. */
  readonly sources: Readonly<Record<PriceSource, number>>;
  /** How much of it the parts of the step take. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** How much of it goes into values that are inverted or recomputed for the backward pass. */
  readonly rebuilding: number;
}

/**
 * Predicts a run of these plans, one after the other: the sum of the prices of their instructions, without a
 * prologue, which runs only when weights have changed, and without the wait for other processes.
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
