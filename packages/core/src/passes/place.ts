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

function placeInOrder(
  lifetimes: readonly Lifetime[],
  compare: Order,
): { offsets: number[]; arenaBytes: number } {
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed = new Placed(lifetimes.length);
  let arenaBytes = 0;
  const order = lifetimes.map((lifetime, index) => ({ lifetime, index }));
  order.sort((a, b) => compare(a.lifetime, b.lifetime) || a.index - b.index);
  for (const { lifetime, index } of order) {
    const offset = placed.bestGap(lifetime);
    offsets[index] = offset;
    arenaBytes = Math.max(arenaBytes, offset + align(lifetime.bytes));
    placed.insert(lifetime, offset);
  }
  return { offsets, arenaBytes };
}

/** What has its place, by offset, so that gaps show when it is walked. Columns of numbers: thousands are walked for each. */
class Placed {
  private count = 0;
  private readonly offsets: Float64Array;
  private readonly ends: Float64Array;
  private readonly first: Int32Array;
  private readonly last: Int32Array;

  constructor(capacity: number) {
    this.offsets = new Float64Array(capacity);
    this.ends = new Float64Array(capacity);
    this.first = new Int32Array(capacity);
    this.last = new Int32Array(capacity);
  }

  insert({ bytes, start, end }: Lifetime, offset: number): void {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.offsets[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    for (const column of [this.offsets, this.ends, this.first, this.last]) {
      column.copyWithin(low + 1, low, this.count);
    }
    this.offsets[low] = offset;
    this.ends[low] = offset + align(bytes);
    this.first[low] = start;
    this.last[low] = end;
    this.count++;
  }

  /** The tightest gap below what is placed, else the end of it. */
  bestGap({ bytes, start, end }: Lifetime): number {
    const { count, offsets, ends, first, last } = this;
    const size = align(bytes);
    let cursor = 0;
    let best = -1;
    let bestSlack = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      if ((last[i] ?? 0) < start || (first[i] ?? 0) > end) continue;
      const slack = (offsets[i] ?? 0) - cursor - size;
      if (slack >= 0 && slack < bestSlack) {
        best = cursor;
        bestSlack = slack;
      }
      cursor = Math.max(cursor, ends[i] ?? 0);
    }
    return best >= 0 ? best : cursor;
  }
}
