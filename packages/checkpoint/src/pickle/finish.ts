// Converts objects of the pickle machine to values. A memo makes it cheap for a file to reuse a part many
// times and to double its size by nesting, and lists may contain themselves. Code that walks a value must be
// safe from that.

import type { PickleLimits } from './limits.js';
import { Callable, kindOf, Opaque, type Pickled, type PickledDict, TensorRef, Tuple } from './objects.js';
import type { TorchTree } from './value.js';

/** A finished part: its value, its size as a tree, and its depth. */
interface Done {
  readonly tree: TorchTree<TensorRef>;
  readonly values: number;
  readonly depth: number;
}

/**
 * Converts a pickled object to a value that is safe to walk.
 *
 * @param fail throws; called for cycles and for values that are too deep or too large
 */
export function finish(
  root: Pickled,
  limits: PickleLimits,
  fail: (reason: string) => never,
): TorchTree<TensorRef> {
  const known = new Map<object, Done | 'open'>();

  const visit = (value: Pickled, level: number): Done => {
    if (value === null || typeof value !== 'object') return { tree: value, values: 1, depth: 0 };
    if (value instanceof TensorRef || value instanceof Opaque) return { tree: value, values: 1, depth: 0 };
    if (!isContainer(value)) return { tree: new Opaque(foreignName(value)), values: 1, depth: 0 };
    const before = known.get(value);
    if (before === 'open') return fail(`it holds ${kindOf(value)} that contains itself`);
    if (before) return before;
    if (level >= limits.depth) return fail(`its containers are nested more than ${limits.depth} deep`);
    known.set(value, 'open');
    const done = collect(value, level + 1);
    if (done.values > limits.values) return fail(`it holds more than ${limits.values} values`);
    known.set(value, done);
    return done;
  };

  const collect = (value: Container, level: number): Done => {
    let values = 1;
    let depth = 0;
    const add = (item: Pickled): TorchTree<TensorRef> => {
      const done = visit(item, level);
      values += done.values;
      depth = Math.max(depth, done.depth);
      // A shared part may occur deeper than where it was first finished.
      if (level + done.depth > limits.depth) {
        return fail(`its containers are nested more than ${limits.depth} deep`);
      }
      return done.tree;
    };
    if (value instanceof Map) {
      const tree = new Map<string | number, TorchTree<TensorRef>>();
      for (const [key, item] of value) tree.set(key, add(item));
      return { tree, values, depth: depth + 1 };
    }
    const tree = (value instanceof Tuple ? value.items : value).map(add);
    return { tree, values, depth: depth + 1 };
  };

  return visit(root, 0).tree;
}

type Container = Tuple | Pickled[] | PickledDict;

function isContainer(value: Pickled & object): value is Container {
  return (
    value instanceof Tuple || Array.isArray(value) || (value instanceof Map && value.foreignKey === null)
  );
}

/** Names an object that is not plain data. */
function foreignName(value: Pickled & object): string {
  if (value instanceof Callable) return value.name;
  return value instanceof Map ? `a dictionary with ${value.foreignKey} as a key` : kindOf(value);
}
