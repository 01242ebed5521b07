/**
 * Chooses greedily which buffers of a training step to drop and recompute so that a byte budget holds: those
 * that reduce the excess over the budget most for the cost of recomputing them. Considers single buffers and
 * whole modules, since values along one recomputation make the next one cheaper. Finally keeps buffers that
 * turn out not to need recompute.
 *
 * Towards the end, several small buffers can have better scores than the one buffer that covers the rest of
 * the excess at less cost. So every round also remembers the cheapest choice that fits after one more move:
 * the shortcut.
 */
import { type Dropped, type Mode, type Outlook, outlook, peakOf } from './outlook.js';
import type { Droppable, Timeline } from './timeline.js';

export interface RecomputeChoice {
  readonly dropped: Dropped;
  /** Largest sum of live bytes, estimated; over the budget if no choice fits. */
  readonly peak: number;
  /** In the units of the timeline's prices. */
  readonly cost: number;
}

/** Buffers below this fraction of the peak are not worth recomputing. */
const WORTH_DROPPING = 1 / 2000;
/** Moves per round, before all are scored again. */
const PICKS = 8;
/** A move that keeps this fraction of its score after others were made is still good. */
const STILL_GOOD = 0.8;

/** Buffers that are dropped together, and how. */
interface Move {
  readonly group: readonly Droppable[];
  readonly mode: Mode;
}

interface Weighed {
  readonly move: Move;
  /** Excess removed per unit of cost. */
  readonly score: number;
}

/** `shortcuts`: whether to compare the greedy choice with the cheapest shortcut. */
export function chooseRecompute(timeline: Timeline, budget: number, shortcuts = true): RecomputeChoice {
  const search = new Search(timeline, budget);
  while (search.excess > 0 && search.round()) {}
  return shortcuts ? search.cheapest() : search.keepWhatFits();
}

class Search {
  private dropped: Dropped = new Map();
  private outlook: Outlook;
  private readonly moves: readonly Move[];
  /** The cheapest choice so far that is one move from a round's start and fits. */
  private shortcut: RecomputeChoice | null = null;
  excess: number;

  constructor(
    private readonly timeline: Timeline,
    private readonly budget: number,
  ) {
    this.outlook = outlook(timeline, this.dropped);
    this.excess = this.excessOf(this.outlook);
    const least = WORTH_DROPPING * peakOf(this.outlook);
    const groups = groupsOf(timeline.droppable.filter(({ bytes }) => bytes >= least));
    this.moves = (['once', 'each'] as const).flatMap((mode) => groups.map((group) => ({ group, mode })));
  }

  /** Drops some more buffers; false if no move helps. */
  round(): boolean {
    const weighed = this.moves
      .map((move): Weighed => ({ move, score: this.weigh(move) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    const [best] = weighed;
    if (!best) return false;
    this.settle(this.after(best.move));
    for (const { move, score } of weighed.slice(1, PICKS)) {
      if (this.excess > 0 && this.weigh(move) >= STILL_GOOD * score) this.settle(this.after(move));
    }
    return true;
  }

  private weigh(move: Move): number {
    const dropped = this.after(move);
    if (dropped === this.dropped) return 0;
    const next = outlook(this.timeline, dropped);
    const left = this.excessOf(next);
    if (left === 0 && (!this.shortcut || next.cost < this.shortcut.cost)) {
      this.shortcut = { dropped, peak: peakOf(next), cost: next.cost };
    }
    return (this.excess - left) / Math.max(next.cost - this.outlook.cost, Number.MIN_VALUE);
  }

  /** The dropped buffers after a move; the same map if it changes nothing. */
  private after({ group, mode }: Move): Dropped {
    // Recompute a buffer once at first, and once per reader if that leaves it live for too long.
    const changed = group.filter((one) =>
      mode === 'each' ? this.dropped.get(one) === 'once' : !this.dropped.has(one),
    );
    if (changed.length === 0) return this.dropped;
    return new Map([...this.dropped, ...changed.map((one) => [one, mode] as const)]);
  }

  private settle(dropped: Dropped): void {
    this.dropped = dropped;
    this.outlook = outlook(this.timeline, dropped);
    this.excess = this.excessOf(this.outlook);
  }

  /** The cheaper one of the greedy choice and the shortcut, each without buffers that need no recompute. */
  cheapest(): RecomputeChoice {
    const { shortcut } = this;
    const greedy = this.keepWhatFits();
    if (!shortcut) return greedy;
    this.settle(shortcut.dropped);
    const short = this.keepWhatFits();
    return greedy.peak <= this.budget && greedy.cost <= short.cost ? greedy : short;
  }

  /** Later choices may have made earlier ones unnecessary: undo them, smallest buffer first. */
  keepWhatFits(): RecomputeChoice {
    for (const one of [...this.dropped.keys()].sort((a, b) => a.bytes - b.bytes)) {
      const without = new Map(this.dropped);
      without.delete(one);
      if (this.excessOf(outlook(this.timeline, without)) <= this.excess) this.settle(without);
    }
    return { dropped: this.dropped, peak: peakOf(this.outlook), cost: this.outlook.cost };
  }

  private excessOf({ live }: Outlook): number {
    let excess = 0;
    for (const bytes of live) excess += Math.max(0, bytes - this.budget);
    return excess;
  }
}

/** Each buffer alone, all of each module, and all together. */
function groupsOf(droppable: readonly Droppable[]): Move['group'][] {
  const modules = new Map<string, Droppable[]>();
  for (const one of droppable) {
    const names = one.path.split('.');
    for (let depth = 0; depth <= names.length; depth++) {
      const module = names.slice(0, depth).join('.');
      modules.set(module, [...(modules.get(module) ?? []), one]);
    }
  }
  const groups = new Map<string, Move['group']>();
  for (const group of [...droppable.map((one) => [one]), ...modules.values()]) {
    groups.set(group.map(({ buffer }) => buffer).join(' '), group);
  }
  return [...groups.values()];
}
