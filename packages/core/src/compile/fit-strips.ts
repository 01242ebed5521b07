/**
 * Fits the plan of an inference graph into a byte budget: strips are chosen by estimate and verified by
 * planning.
 */
import type { Graph } from '../ir/graph.js';
import { align } from '../passes/place.js';
import { BudgetError } from '../plan/budget.js';
import type { Plan } from '../plan/plan.js';
import { type StripDecision, StripPlanner } from '../strips/choose.js';

/** Estimates are off by a few percent; each miss lowers the next target. */
const TRIES = 8;

/**
 * `whole`: the plan of `graph` without strips; `finish`: plans it with segments in strips.
 *
 * @throws BudgetError if no choice of strips fits
 */
export function fitBudget(
  graph: Graph,
  whole: Plan,
  budget: number,
  finish: (decisions: readonly StripDecision[]) => Plan,
): Plan {
  if (whole.arenaBytes <= budget) return whole;
  const planner = new StripPlanner(graph, workspaceOf(whole));
  const kept = keptBytes(whole);
  let least = whole.arenaBytes;
  let target = budget;
  const outOf = (bytes: number) =>
    new BudgetError({ budget, whole: whole.arenaBytes, least: bytes }, 'in strips of rows', 'smaller images');
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const choice = planner.choose(target - kept);
    if (!choice.decisions) throw outOf(Math.min(least, kept + choice.least));
    const plan = finish(choice.decisions);
    if (plan.arenaBytes <= budget) return plan;
    least = Math.min(least, plan.arenaBytes);
    target *= Math.min(0.98, budget / plan.arenaBytes);
  }
  throw outOf(least);
}

function workspaceOf(plan: Plan): Map<number, number> {
  return new Map(plan.instructions.map(({ node, kernel }) => [node.id, kernel.workspaceBytes]));
}

/** Bytes of the constants kept between runs, which strips do not reduce: they are live throughout. */
function keptBytes({ buffers, instructions }: Plan): number {
  return buffers
    .filter(({ kind, start, end }) => kind === 'constant' && start === 0 && end === instructions.length - 1)
    .reduce((sum, { bytes }) => sum + align(bytes), 0);
}
