/** Estimates the time of any instruction from measured ones. */
import { append } from '../ir/lists.js';
import type { Draft } from '../plan/draft.js';
import type { Scheduled } from '../plan/schedule.js';
import { type PriceEntry, type PriceList, priceListText } from './price-list.js';
import { type Rates, ratesOf } from './rates.js';
import { type Signature, signatureOf } from './signature.js';

/**
 * `measured`: an instruction with this signature was measured; `interpolated`: from the nearest entries of
 * the same op; `estimated`: from the mean time of a byte or operation, because the op was never measured.
 */
export type PriceSource = 'measured' | 'interpolated' | 'estimated';

/** The time of one instruction. */
export interface Price {
  /** Time of one run of the instruction. */
  readonly seconds: number;
  /** How the time is known. */
  readonly source: PriceSource;
}

/** Maximum number of entries to interpolate a time from. */
const NEIGHBORS = 4;
/** Distance of different attributes, such as a stride; twice the channels has distance 1. */
const OTHER_ATTRIBUTES = 1;
/** Distance of another kernel, which is slower here, or it would have been chosen. */
const OTHER_KERNEL = 3;
/** Distance of twice the operations or bytes; how time grows with them is roughly known. */
const OTHER_SIZE = 0.25;
/** Distance of another dtype. */
const OTHER_DTYPE = 4;
/** Keeps the weight of the nearest entry finite. */
const SAME = 0.1;

const FREE: Price = { seconds: 0, source: 'measured' };

/** Looks up the time of each instruction of a plan in a price list. */
export class Prices {
  private readonly exact = new Map<string, PriceEntry[]>();
  private readonly byOp = new Map<string, PriceEntry[]>();
  /** Seconds of an instruction that does nothing. */
  private readonly overhead: number;
  /** Mean seconds of a byte, or of the equivalent operations. */
  private readonly rate: number;
  /** By op and dtype. */
  private readonly rates = new Map<string, Rates>();

  /** Indexes a price list by signature and op. */
  constructor(
    /** The measured times. */
    readonly list: PriceList,
  ) {
    const { entries } = list;
    for (const entry of entries) {
      append(this.exact, entry.key, entry);
      append(this.byOp, entry.op, entry);
    }
    this.overhead = entries.reduce(
      (least, { seconds }) => Math.min(least, seconds),
      Number.POSITIVE_INFINITY,
    );
    const sum = (of: (entry: PriceEntry) => number) =>
      entries.reduce((total, entry) => total + entry.count * of(entry), 0);
    this.rate = sum(({ seconds }) => seconds - this.overhead) / sum((entry) => this.work(entry));
  }

  /** Equal only for lists with the same content. */
  get key(): string {
    return priceListText(this.list);
  }

  /** The time of an instruction. Collectives have none, because they wait for other processes. */
  of(plan: Pick<Draft, 'graph' | 'regions'>, step: Scheduled): Price {
    if (step.node.op.effects.collective) return FREE;
    const signature = signatureOf(plan, step);
    const known = this.exact.get(signature.key);
    if (known) return { seconds: withKernel(known, signature).seconds, source: 'measured' };
    const entries = this.byOp.get(signature.op);
    if (entries) return { seconds: this.interpolated(entries, signature), source: 'interpolated' };
    return { seconds: this.overhead + this.rate * this.work(signature), source: 'estimated' };
  }

  /** Seconds of each instruction of a plan. */
  secondsOf(plan: Draft): number[] {
    return plan.instructions.map((step) => this.of(plan, step).seconds);
  }

  /**
   * t = t₀ + w · Σ aᵢ (tᵢ − t₀) / wᵢ over the nearest entries, with t₀ the overhead, w the seconds of
   * operations and bytes at the op's own rates, and weights aᵢ ∝ 1 / (0.1 + distance)⁴ (inverse distance
   * weighting, Shepard 1968). So the time of a convolution with large weights, which take the same time to
   * read at any batch size, grows less with the batch than that of one with small weights.
   */
  private interpolated(entries: readonly PriceEntry[], to: Signature): number {
    const rates = this.ratesFor(entries, to);
    const nearest = entries
      .map((entry) => ({ entry, distance: distance(entry, to) }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, NEIGHBORS);
    let [sum, weights] = [0, 0];
    for (const { entry, distance: away } of nearest) {
      const weight = 1 / (SAME + away) ** 4;
      sum += (weight * (entry.seconds - this.overhead)) / secondsAt(rates, entry);
      weights += weight;
    }
    return this.overhead + (secondsAt(rates, to) * sum) / weights;
  }

  /** Rates of an op, from its entries of the same dtype if there are any. */
  private ratesFor(entries: readonly PriceEntry[], { op, dtype }: Signature): Rates {
    const id = `${op} ${dtype}`;
    const known = this.rates.get(id);
    if (known) return known;
    const alike = entries.filter((entry) => entry.dtype === dtype);
    // Only proportions matter, even if all instructions take equally long.
    const rate = this.rate || 1;
    const general = { operation: rate / this.list.balance, byte: rate };
    const rates = ratesOf(alike.length > 0 ? alike : entries, this.overhead, general);
    this.rates.set(id, rates);
    return rates;
  }

  /** Bytes moved, and operations in the time of a byte. */
  private work({ operations, bytes }: Signature): number {
    return bytes + operations / this.list.balance;
  }
}

function secondsAt({ operation, byte }: Rates, { operations, bytes }: Signature): number {
  return operation * operations + byte * Math.max(1, bytes);
}

/** The entry of the same kernel, or else of the most frequent one. */
function withKernel(entries: readonly PriceEntry[], { kernel }: Signature): PriceEntry {
  const [first, ...others] = entries;
  if (!first) throw new RangeError('a signature without an entry');
  const most = others.reduce((best, entry) => (entry.count > best.count ? entry : best), first);
  return entries.find((entry) => entry.kernel === kernel) ?? most;
}

/** Distance of two instructions of an op: doublings of sizes and channels, and differing attributes. */
function distance(a: Signature, b: Signature): number {
  return (
    OTHER_SIZE * (doublings(a.operations, b.operations) + doublings(a.bytes, b.bytes)) +
    doublings(a.channels[0], b.channels[0]) +
    doublings(a.channels[1], b.channels[1]) +
    (attributesOf(a) === attributesOf(b) ? 0 : OTHER_ATTRIBUTES) +
    (a.kernel === b.kernel ? 0 : OTHER_KERNEL) +
    (a.dtype === b.dtype ? 0 : OTHER_DTYPE)
  );
}

function doublings(a: number, b: number): number {
  return Math.abs(Math.log2(Math.max(1, a) / Math.max(1, b)));
}

/** The end of a key: attributes as JSON. */
function attributesOf({ key }: Signature): string {
  return key.slice(key.indexOf('{'));
}
