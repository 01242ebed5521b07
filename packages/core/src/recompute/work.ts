/** Costs of instructions, to compare them by: their work, or the seconds of a price list. */
import type { Graph, GraphNode } from '../ir/graph.js';
import { costOf } from '../ir/infer.js';
import type { Draft } from '../plan/draft.js';
import type { Scheduled } from '../plan/schedule.js';
import type { Prices } from '../prices/prices.js';

/**
 * The work of a node: bytes moved, or operations converted to bytes.
 *
 * @param balance operations the device performs per byte moved
 */
export function workOf(graph: Graph, node: GraphNode, balance: number): number {
  const { flops, bytes } = costOf(graph, node);
  return Math.max(flops / balance, bytes);
}

/** Costs of instructions in one unit. */
export interface Costs {
  /** Cache key: differs between costs for which a search may have another result. */
  readonly key: number | string;
  of(plan: Draft, step: Scheduled): number;
}

/** By {@link workOf}. */
export function byWork(balance: number): Costs {
  return { key: balance, of: ({ graph }, { node }) => workOf(graph, node, balance) };
}

/** By the seconds of a price list. */
export function byPrices(prices: Prices): Costs {
  return { key: prices.key, of: (plan, step) => prices.of(plan, step).seconds };
}
