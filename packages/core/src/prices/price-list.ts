/** Price lists: measured times of instructions on one machine, as a file. */
import { isObject, UsageError } from '../errors.js';
import type { Plan } from '../plan/plan.js';
import { type Signature, signatureOf } from './signature.js';

/** The time of an instruction. */
export interface PriceEntry extends Signature {
  /** Mean time of an instruction with this signature. */
  readonly seconds: number;
  /** Number of instructions in the mean. */
  readonly count: number;
}

/** Times of instructions on one machine. Plain JSON. */
export interface PriceList {
  /** Changes when lists of another version can no longer be read. */
  readonly format: 'inplace-abn price list 1';
  /** Hardware, threads and library versions, as in {@link Device.machine}. */
  readonly machine: string;
  /** Version of the package whose kernels were timed. */
  readonly version: string;
  /** Operations that the device performs per byte moved: {@link Device.balance}. */
  readonly balance: number;
  /** One entry per signature and kernel. */
  readonly entries: readonly PriceEntry[];
}

/** A plan, and the seconds of each of its instructions in a run. */
export type TimedPlan = readonly [plan: Plan, seconds: readonly number[]];

/** Where times were measured. */
export type PricedMachine = Pick<PriceList, 'machine' | 'version' | 'balance'>;

const FORMAT = 'inplace-abn price list 1';

/**
 * The price list of timed runs. Instructions with the same signature get the mean of their times, so that the
 * prices of a step add up to its time. Collectives are left out, because they wait for other processes.
 */
export function priceListOf(where: PricedMachine, timed: Iterable<TimedPlan>): PriceList {
  const sums = new Map<string, { signature: Signature; seconds: number; count: number }>();
  for (const [plan, seconds] of timed) {
    for (const [index, step] of plan.instructions.entries()) {
      const time = seconds[index] ?? 0;
      // Zero: a prologue that did not run.
      if (step.node.op.effects.collective || time <= 0) continue;
      const signature = signatureOf(plan, step);
      const id = identityOf(signature);
      const { seconds: before, count } = sums.get(id) ?? { seconds: 0, count: 0 };
      sums.set(id, { signature, seconds: before + time, count: count + 1 });
    }
  }
  const entries = [...sums.values()].map(({ signature, seconds, count }) => {
    return { ...signature, seconds: seconds / count, count };
  });
  const { machine, version, balance } = where;
  return { format: FORMAT, machine, version, balance, entries: sorted(entries) };
}

function identityOf({ key, kernel }: Signature): string {
  return `${key} ${kernel}`;
}

function sorted(entries: readonly PriceEntry[]): PriceEntry[] {
  return entries.toSorted((a, b) => (identityOf(a) < identityOf(b) ? -1 : 1));
}

/**
 * Merges two lists. If both have a signature, the later list applies.
 *
 * @throws UsageError, code ERR_PRICE_LIST, for lists of two machines or versions
 */
export function joinedPrices(earlier: PriceList, later: PriceList): PriceList {
  const problem = otherMachine(earlier, later);
  if (problem) {
    throw new UsageError(`one list cannot hold the times of both: ${problem}; choose another file`, {
      code: 'ERR_PRICE_LIST',
    });
  }
  const all = new Map([...earlier.entries, ...later.entries].map((entry) => [identityOf(entry), entry]));
  return { ...later, entries: sorted([...all.values()]) };
}

/** Why a list is not from this machine, as a clause; null if it is. */
export function otherMachine(
  { machine, version }: Pick<PriceList, 'machine' | 'version'>,
  here: Pick<PriceList, 'machine' | 'version'>,
): string | null {
  if (machine !== here.machine) return `prices are of ${machine}, and this machine is ${here.machine}`;
  if (version === here.version) return null;
  return `prices are of version ${version}, and this one is ${here.version}`;
}

/** A price list as JSON with one entry per line, so that diffs are short. */
export function priceListText({ entries, ...head }: PriceList): string {
  const lines = entries.map((entry) => `    ${JSON.stringify(entry)}`);
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "entries": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/**
 * Parses the text of {@link priceListText}.
 *
 * @param name of the file, for the error
 * @throws UsageError, code ERR_PRICE_LIST, if it is not a price list, or a number in it is out of range
 */
export function priceListIn(text: string, name: string): PriceList {
  try {
    return checkedPrices(JSON.parse(text), name);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusal(name, 'it is not JSON');
  }
}

/**
 * Validates a price list, such as a result of `JSON.parse`.
 *
 * @param name of the list, for the error
 * @throws UsageError, code ERR_PRICE_LIST, if it is not a price list, or a number in it is out of range
 */
export function checkedPrices(found: unknown, name: string): PriceList {
  if (!isObject(found)) throw refusal(name, 'it is not an object');
  const list: Partial<PriceList> = found;
  if (list.format !== FORMAT) throw refusal(name, `its format is not '${FORMAT}'`);
  const { machine, version, balance, entries } = list;
  if (typeof machine !== 'string' || typeof version !== 'string') throw refusal(name, 'it names no machine');
  if (!isPositive(balance)) throw refusal(name, 'balance is not a positive number');
  if (!Array.isArray(entries) || entries.length === 0) throw refusal(name, 'it has no entries');
  for (const [index, entry] of entries.entries()) {
    const problem = problemOf(entry);
    if (problem) throw refusal(name, `entries[${index}]: ${problem}`);
  }
  return { format: FORMAT, machine, version, balance, entries };
}

function problemOf(entry: unknown): string | null {
  if (!isObject(entry)) return 'it is not an object';
  const { op, dtype, key, kernel, operations, bytes, channels, seconds, count }: Partial<PriceEntry> = entry;
  const missing = Object.entries({ op, dtype, key, kernel }).find(([, text]) => typeof text !== 'string');
  if (missing) return `${missing[0]} is not a string`;
  const wrong = Object.entries({ seconds, count }).find(([, value]) => !isPositive(value));
  if (wrong) return `${wrong[0]} is not a positive number`;
  const below = Object.entries({ operations, bytes }).find(([, value]) => value !== 0 && !isPositive(value));
  if (below) return `${below[0]} is not a number from 0`;
  const paired = Array.isArray(channels) && channels.length === 2 && channels.every(isPositive);
  return paired ? null : 'channels are not two positive numbers';
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function refusal(name: string, problem: string): UsageError {
  return new UsageError(`${name} is not a price list of this version: ${problem}; measure it again`, {
    code: 'ERR_PRICE_LIST',
  });
}
