/** Parameters and layers that an option names. */
import { UsageError } from '@inplace-abn/core';

/**
 * Paths of parameters, as in a state dictionary, or a predicate on them. A path stands for all below it:
 * `mod1` for `mod1.conv.weight`; `*` stands for any characters: `*.bias`.
 */
export type Selection = readonly string[] | ((path: string) => boolean);

/**
 * The selected names.
 *
 * @throws UsageError, code ERR_NO_MATCH, for a path that selects none
 */
export function selected(what: string, selection: Selection, names: readonly string[]): Set<string> {
  if (typeof selection === 'function') return new Set(names.filter(selection));
  const found = new Set<string>();
  for (const pattern of selection) {
    const expression = expressionOf(pattern);
    const matches = names.filter((name) => expression.test(name));
    if (matches.length === 0) {
      const known = [...new Set(names.map((name) => name.split('.')[0]))].join(', ') || 'none';
      throw new UsageError(`${what}: nothing is named ${pattern}; names begin with ${known}`, {
        code: 'ERR_NO_MATCH',
      });
    }
    for (const name of matches) found.add(name);
  }
  return found;
}

function expressionOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}(\\.|$)`);
}
