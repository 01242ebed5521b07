/**
 * Lays buffers out in one arena: each gets an offset such that buffers alive at the same time do not overlap.
 * Greedy by several orders, the best kept; a pure function of lifetimes. (After tinygrad's planner and the
 * greedy-by-size planners of mobile inference engines.)
 */
export interface Lifetime {
  readonly bytes: number;
  /** First and last instruction that touches the buffer, both included. */
  readonly start: number;
  readonly end: number;
}

export interface Placement {
  /** Byte offset of each lifetime, in the order given. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** Largest sum of bytes alive at one instruction: no placement can be smaller. */
  readonly liveBytes: number;
}

/** Cache line and widest vector. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

type Order = (a: Lifetime, b: Lifetime) => number;

const span = (lifetime: Lifetime): number => lifetime.end - lifetime.start + 1;

const orders: readonly Order[] = [
  (a, b) => b.bytes - a.bytes || span(b) - span(a),
  (a, b) => span(b) * b.bytes - span(a) * a.bytes,
  (a, b) => span(b) - span(a) || b.bytes - a.bytes,
  (a, b) => a.start - b.start || b.end - a.end,
  (a, b) => b.end - a.end || a.start - b.start,
];

export function place(lifetimes: readonly Lifetime[]): Placement {
  const liveBytes = Math.max(0, ...liveSums(lifetimes));
  let best: { offsets: number[]; arenaBytes: number } | null = null;
  for (const compare of orders) {
    const candidate = placeInOrder(lifetimes, compare);
    if (!best || candidate.arenaBytes < best.arenaBytes) best = candidate;
    if (best.arenaBytes === liveBytes) break;
  }
  return { offsets: best?.offsets ?? [], arenaBytes: best?.arenaBytes ?? 0, liveBytes };
}

/** Aligned bytes alive at each instruction. */
export function liveSums(lifetimes: readonly Lifetime[]): number[] {
  const length = lifetimes.reduce((last, { end }) => Math.max(last, end + 1), 0);
  const change = new Array<number>(length + 1).fill(0);
  for (const { bytes, start, end } of lifetimes) {
    change[start] = (change[start] ?? 0) + align(bytes);
    change[end + 1] = (change[end + 1] ?? 0) - align(bytes);
  }
  let live = 0;
  return change.slice(0, length).map((delta) => {
    live += delta;
    return live;
  });
}

interface Placed {
  readonly lifetime: Lifetime;
  readonly offset: number;
}

function placeInOrder(
  lifetimes: readonly Lifetime[],
  compare: Order,
): { offsets: number[]; arenaBytes: number } {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  // By offset, so that gaps show when it is walked.
  const placed: Placed[] = [];
  let arenaBytes = 0;
  const order = lifetimes.map((lifetime, index) => ({ lifetime, index }));
  order.sort((a, b) => compare(a.lifetime, b.lifetime) || a.index - b.index);
  for (const { lifetime, index } of order) {
    const offset = bestGap(placed, lifetime);
    offsets[index] = offset;
    arenaBytes = Math.max(arenaBytes, offset + align(lifetime.bytes));
    insertByOffset(placed, { lifetime, offset });
  }
  return { offsets, arenaBytes };
}

function insertByOffset(placed: Placed[], item: Placed): void {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((placed[middle]?.offset ?? 0) <= item.offset) low = middle + 1;
    else high = middle;
  }
  placed.splice(low, 0, item);
}

/** The tightest gap below what is placed, else the end of it. */
function bestGap(placed: readonly Placed[], lifetime: Lifetime): number {
  const size = align(lifetime.bytes);
  let cursor = 0;
  let best = -1;
  let bestSlack = Number.POSITIVE_INFINITY;
  for (const { lifetime: other, offset } of placed) {
    if (other.end < lifetime.start || other.start > lifetime.end) continue;
    const slack = offset - cursor - size;
    if (slack >= 0 && slack < bestSlack) {
      best = cursor;
      bestSlack = slack;
    }
    cursor = Math.max(cursor, offset + align(other.bytes));
  }
  return best >= 0 ? best : cursor;
}
