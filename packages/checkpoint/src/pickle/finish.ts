// From the objects of the machine to a value. Parts may occur many times in a result (a memo makes that cheap to write
// and doubling cheap to nest), and lists may contain themselves; whoever walks the value must not pay for that.

import type { PickleLimits } from './limits.js';
import { Callable, kindOf, Opaque, type Pickled, type PickledDict, TensorRef, Tuple } from './objects.js';
import type { TorchTree } from './value.js';

/** A part that is done: what it became, how many values it is as a tree, and how deep. */
interface Done {
  readonly tree: TorchTree<TensorRef>;
  readonly values: number;
  readonly depth: number;
}

/**
 * Turns a pickled object into a value that can be walked safely.
 *
 * @param fail throws; called for cycles, and for too deep or too large values
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
      // A part met again further down may reach deeper than where it was first seen.
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

/** Names something that is neither a value nor a container of values. */
function foreignName(value: Pickled & object): string {
  if (value instanceof Callable) return value.name;
  return value instanceof Map ? `a dictionary with ${value.foreignKey} as a key` : kindOf(value);
}
