// Prefixes that wrappers add to the names of a state dictionary.

/** Added by torch.nn.DataParallel and DistributedDataParallel, and by torch.optim.swa_utils. */
export const PARALLEL_PREFIX = 'module.';

/**
 * Removed if all names have one. Training frameworks use `model.` for the network inside their own module.
 */
const WRAPPERS = [PARALLEL_PREFIX, 'model.'];

/** Added by torch.compile, which can wrap any submodule, so it may occur anywhere in a name. */
const COMPILED = '_orig_mod.';

export interface PlainNames<V> {
  readonly entries: [name: string, value: V][];
  /** The prefixes that were removed: `module.`, or `module. (3 of 4 names)`. */
  readonly removed: readonly string[];
}

/** Removes wrapper prefixes from names. */
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
  // Only some submodules were wrapped.
  take(PARALLEL_PREFIX, without(PARALLEL_PREFIX));
  return { entries: [...dict.values()].map((value, i): [string, V] => [names[i] ?? '', value]), removed };
}

/** The longest chain of wrapper prefixes common to all names. */
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
