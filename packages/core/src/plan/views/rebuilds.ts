import type { GraphNode } from '../../ir/graph.js';
import type { RebuildDecision } from '../../passes/rebuild.js';
import { workOf } from '../../recompute/work.js';
import type { Plan } from '../plan.js';

/** How the backward pass gets its saved values. */
export interface PlannedRebuilds {
  /** Bytes of values that are kept. */
  readonly kept: number;
  /** Bytes of values rebuilt from other kept values by inverting an op; absorbed inversions not included. */
  readonly inverted: number;
  /** Bytes of values that are computed a second time. */
  readonly recomputed: number;
  /** Recomputed values, largest first. */
  readonly layers: readonly {
    /** Module path of the layer that computes the value. */
    readonly path: string;
    /** Op that runs twice. */
    readonly op: string;
    /** Size of the value. */
    readonly bytes: number;
  }[];
  /** Work of recompute as a fraction of the rest of the step. */
  readonly moreWork: number;
}

/** Sums up a plan's rebuild decisions. `balance`: that of the device the plan is for. */
export function plannedRebuilds({ graph, rebuilds }: Plan, balance: number): PlannedRebuilds {
  const of = (choice: RebuildDecision['choice']) => rebuilds.filter((decision) => decision.choice === choice);
  const sum = (decisions: readonly RebuildDecision[]) =>
    decisions.reduce((total, { bytes }) => total + bytes, 0);
  const recomputed = of('recompute');
  const ops = new Map(graph.nodes.map(({ id, op }) => [id, op]));
  const isRecompute = ({ op, origin = -1, rebuilds: rebuilding }: GraphNode) =>
    rebuilding === true && ops.get(origin) === op;
  const work = (nodes: readonly GraphNode[]) =>
    nodes.reduce((total, node) => total + workOf(graph, node, balance), 0);
  return {
    kept: sum(of('keep')),
    inverted: sum(of('invert')),
    recomputed: sum(recomputed),
    layers: recomputed
      .map(({ producer, bytes }) => ({ path: producer?.path ?? '', op: producer?.op.name ?? '', bytes }))
      .sort((a, b) => b.bytes - a.bytes),
    moreWork: work(graph.nodes.filter(isRecompute)) / work(graph.nodes.filter((node) => !isRecompute(node))),
  };
}
