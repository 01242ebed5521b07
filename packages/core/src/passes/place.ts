/**
 * Lays buffers out in one arena: each gets an offset such that buffers alive at the same time do not overlap.
 * Greedy by several orders; what sticks out of an order's arena goes to its front, and the order is tried again. The best
 * is kept; a pure function of lifetimes. (After tinygrad's planner, the greedy-by-size planners of mobile inference
 * engines and squeaky wheel optimisation, Joslin and Clements 1999.)
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
  /** How the same comes of the same lifetimes at once. */
  readonly packing: Packing;
}

const FITS = ['tightest', 'lowest'] as const;

/** Which gap a buffer goes to: the one that it fills best, or the first. */
export type Fit = (typeof FITS)[number];

export interface Packing {
  /** Indices of the lifetimes: each is placed around those before it. */
  readonly order: readonly number[];
  readonly fit: Fit;
}

/** Cache line and widest vector. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

interface Indexed extends Lifetime {
  readonly index: number;
}

/** A lifetime and what orders go by. */
interface Item extends Indexed {
  /** Instructions. */
  readonly span: number;
  /** Largest sum of bytes alive at one of its instructions. */
  readonly crowd: number;
}

type Order = (a: Item, b: Item) => number;

const byBytes: Order = (a, b) => b.bytes - a.bytes || b.span - a.span;
const bySpan: Order = (a, b) => b.span - a.span || b.bytes - a.bytes;
const byArea: Order = (a, b) => b.span * b.bytes - a.span * a.bytes;
const byStart: Order = (a, b) => a.start - b.start || b.end - a.end;
const byEnd: Order = (a, b) => b.end - a.end || a.start - b.start;
const byCrowd: Order = (a, b) => b.crowd - a.crowd;

/** The second group where the first comes to nothing good. */
const orders: readonly (readonly Order[])[] = [
  [
    byBytes,
    byArea,
    bySpan,
    (a, b) => Math.sqrt(b.span) * b.bytes - Math.sqrt(a.span) * a.bytes,
    byStart,
    byEnd,
    // What is alive at the fullest instruction has to lie without gaps; what is left fits around it.
    (a, b) => byCrowd(a, b) || byBytes(a, b),
    (a, b) => byCrowd(a, b) || byArea(a, b),
    (a, b) => byCrowd(a, b) || bySpan(a, b),
  ],
  [(a, b) => byCrowd(a, b) || byStart(a, b), (a, b) => byCrowd(a, b) || byEnd(a, b)],
];

/** An arena that is larger than what is alive by less than this share is not worth another attempt. */
const GOOD_ENOUGH = 1.002;
/** One that is larger by more than this is worth many attempts (seconds); up to it, few (tenths of a second). */
const TOO_LARGE = 1.01;
/** Pairs of buffers that all attempts together may look at; one looks at every pair once. */
const PAIRS = { few: 1e8, many: 3e9 };

interface Layout {
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  readonly packing: Packing;
}

export function place(lifetimes: readonly Lifetime[]): Placement {
  const live = liveSums(lifetimes);
  const liveBytes = Math.max(0, ...live);
  const items = lifetimes.map((lifetime, index): Item => {
    const { start, end } = lifetime;
    return { ...lifetime, index, span: end - start + 1, crowd: Math.max(...live.slice(start, end + 1)) };
  });
  const search = new Search(liveBytes, items.length);
  for (const group of orders) search.through(group.map((compare) => items.toSorted(compare)));
  return { ...search.best, liveBytes };
}

/** Places as was found before. Throws RangeError when the packing is not one of so many lifetimes. */
export function placeAs({ order, fit }: Packing, lifetimes: readonly Lifetime[]): Placement {
  const items = order.flatMap((index) => {
    const lifetime = lifetimes[index];
    return lifetime ? [{ ...lifetime, index }] : [];
  });
  const { length } = lifetimes;
  const whole = order.length === length && items.length === length && new Set(order).size === length;
  if (!whole || !FITS.includes(fit)) throw new RangeError(`not a packing of ${length} lifetimes`);
  return { ...layOut(items, fit), liveBytes: Math.max(0, ...liveSums(lifetimes)) };
}

/** The best layout so far, and how often a better one was looked for. */
class Search {
  best: Layout = {
    offsets: [],
    arenaBytes: Number.POSITIVE_INFINITY,
    packing: { order: [], fit: 'tightest' },
  };
  private attempts = 0;
  private readonly few: number;
  private readonly many: number;
  /** Failures of one order after which the next is tried. */
  private readonly patience: number;

  constructor(
    private readonly liveBytes: number,
    items: number,
  ) {
    const pairs = Math.max(1, items ** 2 / 2);
    this.few = PAIRS.few / pairs;
    this.many = PAIRS.many / pairs;
    this.patience = Math.min(200, Math.max(10, Math.round(80_000 / items)));
  }

  private get done(): boolean {
    // NaN where nothing is alive.
    const share = this.best.arenaBytes / this.liveBytes;
    return !(share > GOOD_ENOUGH) || this.attempts >= (share > TOO_LARGE ? this.many : this.few);
  }

  /** Each order as it is; then, those first that were better, with changes. */
  through(orders: readonly (readonly Item[])[]): void {
    const starts: { order: readonly Item[]; arenaBytes: number }[] = [];
    for (const order of orders) {
      if (this.done) return;
      const layout = layOut(order, 'tightest');
      starts.push({ order, arenaBytes: layout.arenaBytes });
      if (layout.arenaBytes < this.best.arenaBytes) this.best = layout;
    }
    starts.sort((a, b) => a.arenaBytes - b.arenaBytes);
    for (const fit of FITS) {
      for (const { order } of starts) this.improve(order, fit);
    }
  }

  /** Moves to the front of the order what sticks out of the best arena so far, as long as that helps. */
  private improve(start: readonly Item[], fit: Fit): void {
    const order = [...start];
    for (let failures = 0; failures < this.patience && !this.done; ) {
      this.attempts++;
      const result = tryLayOut(order, fit, this.best.arenaBytes - ALIGNMENT);
      if (typeof result === 'number') {
        order.unshift(...order.splice(result, 1));
        failures++;
      } else {
        this.best = result;
        failures = 0;
      }
    }
  }
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

function layOut(order: readonly Indexed[], fit: Fit): Layout {
  return tryLayOut(order, fit, Number.POSITIVE_INFINITY) as Layout;
}

/** Places one after the other; the position in the order of the first that ends beyond `limit`, if one does. */
function tryLayOut(order: readonly Indexed[], fit: Fit, limit: number): Layout | number {
  const offsets = new Array<number>(order.length).fill(0);
  const placed = new Placed(order.length);
  let arenaBytes = 0;
  for (const [position, item] of order.entries()) {
    const offset = placed.gap(item, fit);
    offsets[item.index] = offset;
    arenaBytes = Math.max(arenaBytes, offset + align(item.bytes));
    if (arenaBytes > limit) return position;
    placed.insert(item, offset);
  }
  return { offsets, arenaBytes, packing: { order: order.map(({ index }) => index), fit } };
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

  /** A gap below what is placed, else the end of it. */
  gap({ bytes, start, end }: Lifetime, fit: Fit): number {
    const { count, offsets, ends, first, last } = this;
    const size = align(bytes);
    let cursor = 0;
    let best = -1;
    let bestSlack = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      if ((last[i] ?? 0) < start || (first[i] ?? 0) > end) continue;
      const slack = (offsets[i] ?? 0) - cursor - size;
      if (slack >= 0 && fit === 'lowest') return cursor;
      if (slack >= 0 && slack < bestSlack) {
        best = cursor;
        bestSlack = slack;
      }
      cursor = Math.max(cursor, ends[i] ?? 0);
    }
    return best >= 0 ? best : cursor;
  }
}
