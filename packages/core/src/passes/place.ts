/**
 * Places buffers in one arena: buffers that are live at the same time get disjoint ranges. Runs a greedy
 * placement in several orders. Within an order, the buffer that exceeds the best arena moves to the front and
 * placement is repeated. The result depends on the lifetimes alone. (After tinygrad's planner, the
 * greedy-by-size planners of mobile inference engines, and squeaky wheel optimization, Joslin and Clements
 * 1999.)
 */
export interface Lifetime {
  /** Size, before it is rounded up to a multiple of 64. */
  readonly bytes: number;
  /** Index of the first instruction that touches the buffer. */
  readonly start: number;
  /** Index of the last instruction that touches it. */
  readonly end: number;
}

export interface Placement {
  /** Byte offset of each lifetime, in input order. */
  readonly offsets: readonly number[];
  readonly arenaBytes: number;
  /** Largest sum of live bytes at any instruction: a lower bound for every placement. */
  readonly liveBytes: number;
  /** Reproduces this placement for the same lifetimes without a search. */
  readonly packing: Packing;
}

const FITS = ['tightest', 'lowest'] as const;

/** Which gap a buffer takes: the tightest, or the first. */
export type Fit = (typeof FITS)[number];

export interface Packing {
  /** Indices of the lifetimes, in the order they are placed. */
  readonly order: readonly number[];
  readonly fit: Fit;
}

/** Cache line and widest vector, in bytes. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

interface Indexed extends Lifetime {
  readonly index: number;
}

/** A lifetime with its sort keys. */
interface Item extends Indexed {
  /** Number of instructions. */
  readonly span: number;
  /** Largest sum of live bytes at any of its instructions. */
  readonly crowd: number;
}

type Order = (a: Item, b: Item) => number;

const byBytes: Order = (a, b) => b.bytes - a.bytes || b.span - a.span;
const bySpan: Order = (a, b) => b.span - a.span || b.bytes - a.bytes;
const byArea: Order = (a, b) => b.span * b.bytes - a.span * a.bytes;
const byStart: Order = (a, b) => a.start - b.start || b.end - a.end;
const byEnd: Order = (a, b) => b.end - a.end || a.start - b.start;
const byCrowd: Order = (a, b) => b.crowd - a.crowd;

/** The second group is tried only if the first gives no good placement. */
const orders: readonly (readonly Order[])[] = [
  [
    byBytes,
    byArea,
    bySpan,
    (a, b) => Math.sqrt(b.span) * b.bytes - Math.sqrt(a.span) * a.bytes,
    byStart,
    byEnd,
    // Buffers live at the fullest instruction must lie without gaps; the rest fits around them.
    (a, b) => byCrowd(a, b) || byBytes(a, b),
    (a, b) => byCrowd(a, b) || byArea(a, b),
    (a, b) => byCrowd(a, b) || bySpan(a, b),
  ],
  [(a, b) => byCrowd(a, b) || byStart(a, b), (a, b) => byCrowd(a, b) || byEnd(a, b)],
];

/** Stop searching once the arena exceeds the live bytes by less than this factor. */
const GOOD_ENOUGH = 1.002;
/** Above this factor, search for seconds; below it, for tenths of a second. */
const TOO_LARGE = 1.01;
/** Total pairs of buffers that all attempts may compare; one attempt compares each pair once. */
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

/** Repeats an earlier placement. Throws RangeError if the packing does not match the number of lifetimes. */
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

/** The best layout so far, and the number of attempts to improve it. */
class Search {
  best: Layout = {
    offsets: [],
    arenaBytes: Number.POSITIVE_INFINITY,
    packing: { order: [], fit: 'tightest' },
  };
  private attempts = 0;
  private readonly few: number;
  private readonly many: number;
  /** Failures of one order before trying the next. */
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
    // NaN if nothing is live.
    const share = this.best.arenaBytes / this.liveBytes;
    return !(share > GOOD_ENOUGH) || this.attempts >= (share > TOO_LARGE ? this.many : this.few);
  }

  /** Tries each order as given, then improves them, best first. */
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

  /** Moves buffers that exceed the best arena so far to the front of the order, as long as that helps. */
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

/** Aligned bytes live at each instruction. */
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

/** Places buffers in order. Returns the position of the first buffer that ends beyond `limit`, if any. */
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

/**
 * Placed buffers sorted by offset, so that a scan finds the gaps. Stored as columns of numbers, because each
 * placement scans thousands.
 */
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

  /** The offset of a gap among the placed buffers, or their end. */
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
