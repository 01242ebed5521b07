/**
 * Chooses which segments of an inference graph to compute in strips of rows so that a byte budget holds: the
 * segmentation with the least repeated work, by dynamic programming over the graph's cuts.
 */
import type { Graph } from '../ir/graph.js';
import { type StripCost, stripCost, type Workspace } from './estimate.js';
import { type Cut, cutsOf, Flow, pieceBetween, type Segment, segmentBetween } from './segment.js';

/** A part of an inference graph that is computed in strips of rows. */
export interface StripDecision {
  /** The ops between two points that a single value passes. */
  readonly segment: Segment;
  /** Number of strips. */
  readonly count: number;
}

export interface StripChoice {
  /** Segments with more than one strip, in order; null if no choice fits. */
  readonly decisions: readonly StripDecision[] | null;
  /** Estimated bytes of the smallest choice. */
  readonly least: number;
}

const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

interface Step {
  readonly from: number;
  readonly decision: StripDecision;
  readonly cost: StripCost;
}

/** Chooses for one graph under any number of budgets; segment costs are computed once. */
export class StripPlanner {
  private readonly cuts: readonly Cut[];
  /** For each cut: the segments that end there, with the index of the cut where each starts. */
  private readonly segments: readonly (readonly { from: number; segment: Segment }[])[];
  private readonly costs = new Map<Segment, Map<number, StripCost>>();

  /** `workspace`: kernel workspace in bytes, by node. */
  constructor(
    private readonly graph: Graph,
    private readonly workspace: Workspace,
  ) {
    const flow = new Flow(graph);
    this.cuts = cutsOf(flow);
    this.segments = this.cuts.map((to, index) =>
      this.cuts.slice(0, index).flatMap((cut, from) => {
        const rows = segmentBetween(flow, cut, to);
        // Every cut must be reachable from the previous one, even across ops that cannot be split by rows.
        const segment = rows ?? (from === index - 1 ? pieceBetween(flow, cut, to) : null);
        return segment ? [{ from, segment }] : [];
      }),
    );
  }

  /** The choice with the least repeated work that fits `budget` bytes of arena. */
  choose(budget: number): StripChoice {
    const steps = this.cuts.map((_, to) => this.stepsTo(to, budget));
    return { decisions: cheapest(steps), least: leastBytes(steps) };
  }

  /**
   * The segments that end at a cut: each with the fewest strips that fit, and with the number that needs the
   * least memory.
   */
  private stepsTo(to: number, budget: number): { fitting: Step[]; frugal: Step[] } {
    const fitting: Step[] = [];
    const frugal: Step[] = [];
    for (const { from, segment } of this.segments[to] ?? []) {
      const height = segment.heights.get(segment.output) ?? 1;
      let least: Step | null = null;
      for (const count of COUNTS) {
        // Without strips, a longer segment is never better than the shorter ones it consists of.
        if (count > height || (count === 1 && from !== to - 1)) continue;
        if (count > 1 && !segment.divisible) break;
        const step = { from, decision: { segment, count }, cost: this.cost(segment, count) };
        if (!least || step.cost.bytes < least.cost.bytes) least = step;
        if (step.cost.bytes > budget) continue;
        fitting.push(step);
        break;
      }
      if (least) frugal.push(least);
    }
    return { fitting, frugal };
  }

  private cost(segment: Segment, count: number): StripCost {
    const known = this.costs.get(segment) ?? new Map<number, StripCost>();
    this.costs.set(segment, known);
    const cost = known.get(count) ?? stripCost(this.graph, segment, count, this.workspace);
    known.set(count, cost);
    return cost;
  }
}

interface Steps {
  readonly fitting: readonly Step[];
  readonly frugal: readonly Step[];
}

function cheapest(steps: readonly Steps[]): StripDecision[] | null {
  const best: { extra: number; step: Step | null }[] = [{ extra: 0, step: null }];
  for (const { fitting } of steps.slice(1)) {
    let found = { extra: Number.POSITIVE_INFINITY, step: null as Step | null };
    for (const step of fitting) {
      const extra = (best[step.from]?.extra ?? Number.POSITIVE_INFINITY) + step.cost.extra;
      if (extra < found.extra) found = { extra, step };
    }
    best.push(found);
  }
  const chosen: StripDecision[] = [];
  for (let at = steps.length - 1; at > 0; ) {
    const step = best[at]?.step;
    if (!step) return null;
    if (step.decision.count > 1) chosen.unshift(step.decision);
    at = step.from;
  }
  return chosen;
}

/** Minimum over all paths of the largest step on the path. */
function leastBytes(steps: readonly Steps[]): number {
  const least: number[] = [0];
  for (const { frugal, fitting } of steps.slice(1)) {
    const ways = [...frugal, ...fitting].map((step) => {
      return Math.max(least[step.from] ?? Number.POSITIVE_INFINITY, step.cost.bytes);
    });
    least.push(Math.min(...ways, Number.POSITIVE_INFINITY));
  }
  return least.at(-1) ?? 0;
}
