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

/** Which gap a buffer takes: the tightest, or the one at the lowest offset. */
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

/** A lifetime with its sort keys. */
interface Item extends Lifetime {
  readonly index: number;
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
  const items = lifetimes.map(({ bytes, start, end }, index): Item => {
    let crowd = 0;
    for (let at = start; at <= end; at++) crowd = Math.max(crowd, live[at] ?? 0);
    return { bytes, start, end, index, span: end - start + 1, crowd };
  });
  const search = new Search(lifetimes, liveBytes);
  for (const group of orders) {
    search.through(group.map((compare) => Int32Array.from(items.toSorted(compare), ({ index }) => index)));
  }
  return { ...search.best, liveBytes };
}

/**
 * Repeats an earlier placement.
 *
 * @throws RangeError if the packing does not match the number of lifetimes
 */
export function placeAs({ order, fit }: Packing, lifetimes: readonly Lifetime[]): Placement {
  const { length } = lifetimes;
  const known = order.every((index) => lifetimes[index] !== undefined);
  const whole = known && order.length === length && new Set(order).size === length;
  if (!whole || !FITS.includes(fit)) throw new RangeError(`not a packing of ${length} lifetimes`);
  const layout = new Arena(lifetimes).layOut(Int32Array.from(order), fit);
  return { ...layout, liveBytes: Math.max(0, ...liveSums(lifetimes)) };
}

/** The best layout so far, and the number of attempts to improve it. */
class Search {
  best: Layout = {
    offsets: [],
    arenaBytes: Number.POSITIVE_INFINITY,
    packing: { order: [], fit: 'tightest' },
  };
  private readonly arena: Arena;
  private attempts = 0;
  private readonly few: number;
  private readonly many: number;
  /** Consecutive failures to improve an order before the next one is tried. */
  private readonly patience: number;

  constructor(
    lifetimes: readonly Lifetime[],
    private readonly liveBytes: number,
  ) {
    const { length } = lifetimes;
    this.arena = new Arena(lifetimes);
    const pairs = Math.max(1, length ** 2 / 2);
    this.few = PAIRS.few / pairs;
    this.many = PAIRS.many / pairs;
    this.patience = Math.min(200, Math.max(10, Math.round(80_000 / length)));
  }

  private get done(): boolean {
    // NaN if nothing is live.
    const share = this.best.arenaBytes / this.liveBytes;
    return !(share > GOOD_ENOUGH) || this.attempts >= (share > TOO_LARGE ? this.many : this.few);
  }

  /** Tries each order as given, then improves them, best first. */
  through(orders: readonly Int32Array[]): void {
    const starts: { order: Int32Array; arenaBytes: number }[] = [];
    for (const order of orders) {
      if (this.done) return;
      const layout = this.arena.layOut(order, 'tightest');
      starts.push({ order, arenaBytes: layout.arenaBytes });
      if (layout.arenaBytes < this.best.arenaBytes) this.best = layout;
    }
    starts.sort((a, b) => a.arenaBytes - b.arenaBytes);
    for (const fit of FITS) {
      for (const { order } of starts) this.improve(order, fit);
    }
  }

  /** Repeatedly moves the first buffer that exceeds the best arena so far to the front of the order. */
  private improve(start: Int32Array, fit: Fit): void {
    const order = start.slice();
    for (let failures = 0; failures < this.patience && !this.done; ) {
      this.attempts++;
      const exceeding = this.arena.fill(order, fit, this.best.arenaBytes - ALIGNMENT);
      if (exceeding < order.length) {
        const moved = order[exceeding] ?? 0;
        order.copyWithin(1, 0, exceeding);
        order[0] = moved;
        failures++;
      } else {
        this.best = this.arena.layout(order, fit);
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

/**
 * An arena that is filled again with each attempt. Its columns of numbers stay allocated, because a search
 * makes thousands of attempts, each of which compares most pairs of buffers.
 */
class Arena {
  private arenaBytes = 0;
  /** Of each lifetime, in input order. */
  private readonly sizes: Float64Array;
  private readonly starts: Int32Array;
  private readonly stops: Int32Array;
  private readonly offsets: Float64Array;
  /** Of the buffers placed so far, sorted by offset, so that a scan finds the gaps. */
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;
  private readonly first: Int32Array;
  private readonly last: Int32Array;

  constructor(lifetimes: readonly Lifetime[]) {
    const { length } = lifetimes;
    this.sizes = Float64Array.from(lifetimes, ({ bytes }) => align(bytes));
    this.starts = Int32Array.from(lifetimes, ({ start }) => start);
    this.stops = Int32Array.from(lifetimes, ({ end }) => end);
    this.offsets = new Float64Array(length);
    this.lows = new Float64Array(length);
    this.highs = new Float64Array(length);
    this.first = new Int32Array(length);
    this.last = new Int32Array(length);
  }

  layOut(order: Int32Array, fit: Fit): Layout {
    this.fill(order, fit, Number.POSITIVE_INFINITY);
    return this.layout(order, fit);
  }

  /** The layout that `fill` has just made. */
  layout(order: Int32Array, fit: Fit): Layout {
    return { offsets: [...this.offsets], arenaBytes: this.arenaBytes, packing: { order: [...order], fit } };
  }

  /**
   * Places buffers in order. Returns the position of the first buffer that ends beyond `limit`, or their
   * number if none does.
   */
  fill(order: Int32Array, fit: Fit, limit: number): number {
    this.arenaBytes = 0;
    for (let position = 0; position < order.length; position++) {
      const index = order[position] ?? 0;
      const offset = this.gap(position, index, fit);
      const end = offset + (this.sizes[index] ?? 0);
      if (end > limit) return position;
      if (end > this.arenaBytes) this.arenaBytes = end;
      this.insert(position, index, offset);
    }
    return order.length;
  }

  private insert(count: number, index: number, offset: number): void {
    const { lows, highs, first, last } = this;
    let at = count;
    for (; at > 0 && (lows[at - 1] ?? 0) > offset; at--) {
      lows[at] = lows[at - 1] ?? 0;
      highs[at] = highs[at - 1] ?? 0;
      first[at] = first[at - 1] ?? 0;
      last[at] = last[at - 1] ?? 0;
    }
    lows[at] = offset;
    highs[at] = offset + (this.sizes[index] ?? 0);
    first[at] = this.starts[index] ?? 0;
    last[at] = this.stops[index] ?? 0;
    this.offsets[index] = offset;
  }

  /** The offset of a gap among the `count` buffers placed so far, or their end. */
  private gap(count: number, index: number, fit: Fit): number {
    const { lows, highs, first, last } = this;
    const [size, start, end] = [this.sizes[index] ?? 0, this.starts[index] ?? 0, this.stops[index] ?? 0];
    let cursor = 0;
    let best = -1;
    let bestSlack = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      if ((last[i] ?? 0) < start || (first[i] ?? 0) > end) continue;
      const slack = (lows[i] ?? 0) - cursor - size;
      if (slack >= 0 && slack < bestSlack) {
        // No gap is tighter than one without slack.
        if (slack === 0 || fit === 'lowest') return cursor;
        best = cursor;
        bestSlack = slack;
      }
      const high = highs[i] ?? 0;
      if (high > cursor) cursor = high;
    }
    return best >= 0 ? best : cursor;
  }
}
