// Prefixes that wrappers put before the names of a state dictionary.

/** torch.nn.DataParallel and DistributedDataParallel, and the averages of torch.optim.swa_utils. */
export const PARALLEL_PREFIX = 'module.';

/** Taken off where all names begin with one; `model.` is what training frameworks call the network in their own module. */
const WRAPPERS = [PARALLEL_PREFIX, 'model.'];

/** torch.compile; it wraps any module, so it may stand anywhere in a name. */
const COMPILED = '_orig_mod.';

export interface PlainNames<V> {
  readonly entries: [name: string, value: V][];
  /** The prefix that was removed: `module.`, or `module. (3 of 4 names)`. */
  readonly removed: readonly string[];
}

/** Names without what wrappers put before them. */
export function plainNames<V>(dict: ReadonlyMap<string | number, V>): PlainNames<V> {
  let names = [...dict.keys()].map(String);
  const removed: string[] = [];
  const take = (prefix: string, strip: (name: string) => string): void => {
    const stripped = names.map(strip);
    const changed = stripped.filter((name, i) => name !== names[i]).length;
    if (changed > 0)
      removed.push(changed < names.length ? `${prefix} (${changed} of ${names.length} names)` : prefix);
    names = stripped;
  };
  const without = (prefix: string) => (name: string) =>
    name.startsWith(prefix) ? name.slice(prefix.length) : name;

  take(COMPILED, (name) => name.replaceAll(/(?<=^|\.)_orig_mod\./g, ''));
  const common = commonWrapper(names);
  if (common !== '') take(common, without(common));
  // Only a part was wrapped.
  take(PARALLEL_PREFIX, without(PARALLEL_PREFIX));
  return { entries: [...dict.values()].map((value, i): [string, V] => [names[i] ?? '', value]), removed };
}

/** The longest chain of wrappers that all names begin with. */
function commonWrapper(names: readonly string[]): string {
  let chain = '';
  for (;;) {
    const next = WRAPPERS.find(
      (prefix) => names.length > 0 && names.every((name) => name.startsWith(prefix, chain.length)),
    );
    if (next === undefined) return chain;
    chain += next;
  }
}
