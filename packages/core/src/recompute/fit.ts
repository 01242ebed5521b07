/** Brings the plan of a training step below a byte budget: chosen by estimate, judged by the plan that comes of it. */

import { BudgetError } from '../plan/budget.js';
import type { Plan } from '../plan/plan.js';
import { chooseRecompute } from './choose.js';
import type { Dropped } from './outlook.js';
import type { Recomputed } from './pass.js';
import { RememberedChoice } from './remembered-choice.js';
import { timelineOf } from './timeline.js';
import { workOf } from './work.js';

/** Estimates are off by some per cent; each plan tells the next choice what to aim at. */
const TRIES = 6;
/** A plan this close to the budget is not improved upon. */
const CLOSE = 0.98;

interface Fitted {
  readonly recomputed: Recomputed;
  readonly plan: Plan;
  readonly cost: number;
}

/**
 * `whole`: the plan without recomputation; `finish`: plans with these values computed again; `balance`: operations that
 * the device does while it moves a byte. Throws BudgetError where no choice fits.
 */
export function fitRecompute(
  whole: Plan,
  budget: number,
  balance: number,
  finish: (recomputed: Recomputed) => Plan,
): Plan {
  if (whole.arenaBytes <= budget) return whole;
  const remembered = new RememberedChoice(whole, budget, balance);
  const known = remembered.read();
  const again = known && finish(known);
  if (again && again.arenaBytes <= budget) return again;
  const { plan, recomputed } = search(whole, budget, balance, finish);
  remembered.write(recomputed);
  return plan;
}

function search(
  whole: Plan,
  budget: number,
  balance: number,
  finish: (recomputed: Recomputed) => Plan,
): Fitted {
  const timeline = timelineOf(whole, (node) => workOf(whole.graph, node, balance));
  let best: Fitted | null = null;
  let least = whole.arenaBytes;
  let target = budget;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const choice = chooseRecompute(timeline, target);
    const recomputed = recomputedBy(choice.dropped);
    const plan = finish(recomputed);
    least = Math.min(least, plan.arenaBytes);
    const fits = plan.arenaBytes <= budget;
    if (fits && (!best || choice.cost < best.cost)) best = { recomputed, plan, cost: choice.cost };
    const used = plan.arenaBytes / budget;
    if (fits && used >= CLOSE) break;
    // What nothing was found for will not be found for less.
    if (!fits && choice.peak > target && best === null && attempt > 0) break;
    target = fits ? target / used : target * Math.min(CLOSE, 1 / used);
  }
  if (best) return best;
  throw new BudgetError(
    { budget, whole: whole.arenaBytes, least },
    'with recomputation',
    'a smaller batch or smaller images',
  );
}

/** What the pass is told of a choice. */
export function recomputedBy(dropped: Dropped): Recomputed {
  const all = [...dropped];
  return {
    values: new Set(all.flatMap(([{ values }]) => values)),
    each: new Set(all.flatMap(([{ occupants }, mode]) => (mode === 'each' ? occupants : []))),
  };
}
