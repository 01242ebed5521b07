/**
 * Fits the plan of a training step into a byte budget: values to recompute are chosen by estimate and
 * verified by planning.
 */

import { BudgetError } from '../plan/budget.js';
import type { Plan } from '../plan/plan.js';
import { chooseRecompute } from './choose.js';
import type { Dropped } from './outlook.js';
import type { Recomputed } from './pass.js';
import { RememberedChoice } from './remembered-choice.js';
import { type Timeline, timelineOf } from './timeline.js';
import type { Costs } from './work.js';

/** Estimates are off by a few percent; each plan corrects the target of the next choice. */
const TRIES = 6;
/** A plan this close to the budget is good enough. */
const CLOSE = 0.98;

interface Fitted {
  readonly recomputed: Recomputed;
  readonly plan: Plan;
  readonly cost: number;
}

/**
 * `whole`: the plan without recompute; `costs`: what recomputing an instruction costs; `finish`: plans the
 * step with these values recomputed.
 *
 * @throws BudgetError if no choice fits
 */
export function fitRecompute(
  whole: Plan,
  budget: number,
  costs: Costs,
  finish: (recomputed: Recomputed) => Plan,
): Plan {
  if (whole.arenaBytes <= budget) return whole;
  const remembered = new RememberedChoice(whole, budget, costs);
  const known = remembered.read();
  const again = known && finish(known);
  if (again && again.arenaBytes <= budget) return again;
  const { plan, recomputed } = search(whole, budget, costs, finish);
  remembered.write(recomputed);
  return plan;
}

function search(whole: Plan, budget: number, costs: Costs, finish: (recomputed: Recomputed) => Plan): Fitted {
  const timeline = timelineOf(whole, (step) => costs.of(whole, step));
  let least = whole.arenaBytes;
  // Shortcuts cost less but leave no slack. Where plans exceed estimates, only the greedy choice may fit.
  for (const shortcuts of [true, false]) {
    const tried = tries(timeline, budget, shortcuts, finish);
    if (tried.best) return tried.best;
    least = Math.min(least, tried.least);
  }
  throw new BudgetError(
    { budget, whole: whole.arenaBytes, least },
    'with recompute',
    'a smaller batch or smaller images',
  );
}

/** The cheapest choice that fits, if any, and the smallest arena tried. */
function tries(
  timeline: Timeline,
  budget: number,
  shortcuts: boolean,
  finish: (recomputed: Recomputed) => Plan,
): { readonly best: Fitted | null; readonly least: number } {
  let best: Fitted | null = null;
  let least = Number.POSITIVE_INFINITY;
  let target = budget;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const choice = chooseRecompute(timeline, target, shortcuts);
    const recomputed = recomputedBy(choice.dropped);
    const plan = finish(recomputed);
    least = Math.min(least, plan.arenaBytes);
    const fits = plan.arenaBytes <= budget;
    if (fits && (!best || choice.cost < best.cost)) best = { recomputed, plan, cost: choice.cost };
    const used = plan.arenaBytes / budget;
    if (fits && used >= CLOSE) break;
    // If nothing fits this target, nothing will fit a lower one.
    if (!fits && choice.peak > target && best === null && attempt > 0) break;
    target = fits ? target / used : target * Math.min(CLOSE, 1 / used);
  }
  return { best, least };
}

/** The argument of the recompute pass for a choice. */
export function recomputedBy(dropped: Dropped): Recomputed {
  const all = [...dropped];
  return {
    values: new Set(all.flatMap(([{ values }]) => values)),
    each: new Set(all.flatMap(([{ occupants }, mode]) => (mode === 'each' ? occupants : []))),
  };
}
