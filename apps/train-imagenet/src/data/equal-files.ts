/** Finds files with equal content by their hashes. */

/** Entries kept of each list, so that memory does not grow with the number of problems. */
export const MOST_LISTED = 1000;

/** A count and the first entries. */
export interface Listing<T> {
  count: number;
  readonly first: T[];
}

/** A file and where it belongs. */
export interface Sighting {
  readonly file: string;
  readonly part: string;
  /** Name of its class; null if unknown. */
  readonly label: string | null;
}

/** Files with equal content. */
export type Twins = readonly Sighting[];

/** Files kept of each group. */
const MOST_TWINS = 10;

/**
 * Groups the files whose hashes are equal: those in different parts, those of different classes, and all
 * others.
 *
 * @param known whether an index has a hash
 */
export function equalFiles(
  hashes: BigUint64Array,
  known: Uint8Array,
  sighting: (index: number) => Sighting,
): Record<'duplicates' | 'contradictions' | 'leaks', Listing<Twins>> {
  const lists = { duplicates: empty(), contradictions: empty(), leaks: empty() };
  for (const indices of groupsOf(hashes, known)) {
    const { twins, parts, labels } = shortened(indices, sighting);
    const list = parts > 1 ? lists.leaks : labels > 1 ? lists.contradictions : lists.duplicates;
    list.count++;
    if (list.first.length < MOST_LISTED) list.first.push(twins);
  }
  return lists;
}

function empty(): Listing<Twins> {
  return { count: 0, first: [] };
}

/**
 * The first files of each part and class, then others up to a limit; and how many parts and classes there
 * are. A group may hold every file.
 */
function shortened(indices: readonly number[], sighting: (index: number) => Sighting) {
  const firsts = new Map<string, Sighting>();
  const others: Sighting[] = [];
  const [parts, labels] = [new Set<string>(), new Set<string | null>()];
  for (const index of indices) {
    const twin = sighting(index);
    const key = `${twin.part}\0${twin.label}`;
    parts.add(twin.part);
    labels.add(twin.label);
    if (!firsts.has(key)) firsts.set(key, twin);
    else if (others.length < MOST_TWINS) others.push(twin);
  }
  const twins: Twins = [...firsts.values(), ...others].slice(0, MOST_TWINS);
  return { twins, parts: parts.size, labels: labels.size };
}

/** Indices with equal hashes, by the first of each group. */
function groupsOf(hashes: BigUint64Array, known: Uint8Array): number[][] {
  const sorted = hashes.filter((_, index) => known[index] === 1).sort();
  const repeated = new Map<bigint, number[]>();
  for (let i = 1; i < sorted.length; i++) {
    const hash = sorted[i];
    if (hash !== undefined && hash === sorted[i - 1]) repeated.set(hash, []);
  }
  if (repeated.size === 0) return [];
  for (let index = 0; index < hashes.length; index++) {
    if (known[index] === 1) repeated.get(hashes[index] ?? 0n)?.push(index);
  }
  return [...repeated.values()].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}
