/** Finds files of equal content by their hashes. */

/** Entries of a list that are kept: memory does not grow with the number of faults. */
export const MOST_LISTED = 1000;

/** Things of a kind: how many, and the first of them. */
export interface Listing<T> {
  count: number;
  readonly first: T[];
}

/** A file and where it belongs. */
export interface Sighting {
  readonly file: string;
  readonly part: string;
  /** Name of its class; null where nothing tells. */
  readonly label: string | null;
}

/** Files of equal content. */
export type Twins = readonly Sighting[];

/** Files of a group that are kept. */
const MOST_TWINS = 10;

/**
 * Groups the files whose hashes are equal: those in different parts, those of different classes, and all others.
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
    const twins = indices.map(sighting);
    const apart = new Set(twins.map(({ part }) => part)).size > 1;
    const unlike = new Set(twins.map(({ label }) => label)).size > 1;
    const list = apart ? lists.leaks : unlike ? lists.contradictions : lists.duplicates;
    list.count++;
    if (list.first.length < MOST_LISTED) list.first.push(shortened(twins));
  }
  return lists;
}

function empty(): Listing<Twins> {
  return { count: 0, first: [] };
}

/** The first of each part and class, then others up to a limit. */
function shortened(twins: Twins): Twins {
  const kept = new Map<string, Sighting>();
  for (const twin of twins) {
    const key = `${twin.part}\0${twin.label}`;
    if (!kept.has(key)) kept.set(key, twin);
  }
  const firsts = new Set(kept.values());
  return [...firsts, ...twins.filter((twin) => !firsts.has(twin))].slice(0, MOST_TWINS);
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
