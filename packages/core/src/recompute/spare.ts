/**
 * Recomputes values that are nearly free to recompute, with or without a budget: images converted from bytes
 * to floats, or a pooled map whose input is kept anyway.
 */

import type { Draft } from '../plan/draft.js';
import type { Scheduled } from '../plan/schedule.js';
import { recomputedBy } from './fit.js';
import { costOf, type Dropped, outlook, peakOf } from './outlook.js';
import type { Recomputed } from './pass.js';
import { type Droppable, type Timeline, timelineOf } from './timeline.js';
import type { Costs } from './work.js';

/** A peak reduction below this fraction is not worth the recompute. */
const WORTH_SPARING = 0.01;
/** Buffers below this fraction of the peak are not considered. */
const WORTH_DROPPING = 1 / 500;

/**
 * Values to recompute for at most this fraction of the step's costs; null if the peak would hardly drop.
 */
export function spareRecompute(whole: Draft, share: number, costs: Costs): Recomputed | null {
  const price = (step: Scheduled) => costs.of(whole, step);
  const timeline = timelineOf(whole, price);
  const work = whole.instructions.reduce((sum, step) => sum + price(step), 0);
  const peak = peakOf(outlook(timeline, new Map()));
  const worth = timeline.droppable.filter(({ bytes }) => bytes >= WORTH_DROPPING * peak);
  const dropped = needed(timeline, cheapest(timeline, worth, share * work));
  return peakOf(outlook(timeline, dropped)) < (1 - WORTH_SPARING) * peak ? recomputedBy(dropped) : null;
}

/**
 * Cheapest per byte first, up to the allowance, skipping buffers whose second lifetime would raise the peak.
 */
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

/** Drops the choices that do not lower the peak, most expensive first. */
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
