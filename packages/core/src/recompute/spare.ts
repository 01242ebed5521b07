/**
 * Values that are computed again because it costs next to nothing, whether a budget asks for it or not: colours of images
 * from their bytes, a pooled map from the one that is kept anyway.
 */

import type { GraphNode } from '../ir/graph.js';
import type { Draft } from '../plan/draft.js';
import { recomputedBy } from './fit.js';
import { costOf, type Dropped, outlook, peakOf } from './outlook.js';
import type { Recomputed } from './pass.js';
import { type Droppable, type Timeline, timelineOf } from './timeline.js';
import { workOf } from './work.js';

/** A peak that is lower by less than this share is not worth the recomputations. */
const WORTH_SPARING = 0.01;
/** A smaller buffer than this share of the peak is not looked at. */
const WORTH_DROPPING = 1 / 500;

/**
 * What to compute again for at most this share of a step's work; null where the peak would hardly be lower. `balance`:
 * operations that the device does while it moves a byte.
 */
export function spareRecompute(whole: Draft, share: number, balance: number): Recomputed | null {
  const price = (node: GraphNode) => workOf(whole.graph, node, balance);
  const timeline = timelineOf(whole, price);
  const work = whole.instructions.reduce((sum, { node }) => sum + price(node), 0);
  const peak = peakOf(outlook(timeline, new Map()));
  const worth = timeline.droppable.filter(({ bytes }) => bytes >= WORTH_DROPPING * peak);
  const dropped = needed(timeline, cheapest(timeline, worth, share * work));
  return peakOf(outlook(timeline, dropped)) < (1 - WORTH_SPARING) * peak ? recomputedBy(dropped) : null;
}

/** By what a byte costs, as many as the allowance pays for; none whose second life makes the peak higher. */
function cheapest(timeline: Timeline, droppable: readonly Droppable[], allowance: number): Dropped {
  const offers = droppable
    .map((one) => ({ one, cost: costOf(timeline, new Map([[one, 'once']])) }))
    .sort((a, b) => a.cost / a.one.bytes - b.cost / b.one.bytes);
  let dropped: Dropped = new Map();
  let spent = 0;
  let peak = peakOf(outlook(timeline, dropped));
  for (const { one, cost } of offers) {
    if (spent + cost > allowance) continue;
    const more: Dropped = new Map([...dropped, [one, 'once']]);
    const after = outlook(timeline, more);
    if (after.cost <= allowance && peakOf(after) <= peak) {
      [dropped, spent, peak] = [more, after.cost, peakOf(after)];
    }
  }
  return dropped;
}

/** Without those that the peak does not miss: the dearest go first. */
function needed(timeline: Timeline, dropped: Dropped): Dropped {
  const peak = peakOf(outlook(timeline, dropped));
  let left = new Map(dropped);
  for (const one of [...dropped.keys()].toReversed()) {
    const without = new Map(left);
    without.delete(one);
    if (peakOf(outlook(timeline, without)) <= peak) left = without;
  }
  return left;
}
