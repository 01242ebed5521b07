/** Brings the plan of an inference graph below a byte budget: chosen by estimate, judged by the plan that comes of it. */
import { UsageError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { align } from '../passes/place.js';
import { formatBytes } from '../plan/format.js';
import type { Plan } from '../plan/plan.js';
import { type StripDecision, StripPlanner } from './choose.js';

/** A budget that no way of computing the graph keeps to. */
export class BudgetError extends UsageError {
  override name = 'BudgetError';

  constructor(
    /** Bytes of arena that were allowed, that the plan in one piece takes, and that strips would need at least. */
    readonly budget: number,
    readonly whole: number,
    readonly least: number,
  ) {
    super(
      `the plan needs ${formatBytes(whole)} of memory beside the weights, in strips of rows about ${formatBytes(least)} ` +
        `at least, but the budget leaves ${formatBytes(budget)}: raise it, or take smaller images`,
    );
  }
}

/** Estimates are off by some per cent; each miss lowers what the next choice aims at. */
const TRIES = 8;

/**
 * `whole`: the plan of `graph` in one piece; `finish`: plans it with parts in strips. Throws BudgetError where no choice
 * of strips fits.
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
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const choice = planner.choose(target - kept);
    if (!choice.decisions)
      throw new BudgetError(budget, whole.arenaBytes, Math.min(least, kept + choice.least));
    const plan = finish(choice.decisions);
    if (plan.arenaBytes <= budget) return plan;
    least = Math.min(least, plan.arenaBytes);
    target *= Math.min(0.98, budget / plan.arenaBytes);
  }
  throw new BudgetError(budget, whole.arenaBytes, least);
}

function workspaceOf(plan: Plan): Map<number, number> {
  return new Map(plan.instructions.map(({ node, kernel }) => [node.id, kernel.workspaceBytes]));
}

/** Constants that are kept between runs: there at every instruction, whatever runs in strips. */
function keptBytes({ buffers, instructions }: Plan): number {
  return buffers
    .filter(({ kind, start, end }) => kind === 'constant' && start === 0 && end === instructions.length - 1)
    .reduce((sum, { bytes }) => sum + align(bytes), 0);
}
