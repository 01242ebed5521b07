// Describes an opaque object in a few words, for listings. Objects may be shared or contain themselves, so
// depth and number of items are limited.

import { kindOf, Opaque, type Pickled, TensorRef, Tuple } from './objects.js';

const MAX_TEXT = 200;
const MAX_DEPTH = 3;
const MAX_ITEMS = 4;
const MAX_WORD = 40;

/**
 * `argparse.Namespace(lr=0.1, name='a')`, `numpy.ndarray [2, 3] of f8`, or the name of a class or function.
 */
export function describeOpaque(opaque: Opaque): string {
  const text = describe(opaque, 0);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text;
}

function describe(value: Pickled, depth: number): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${shortened(value)}'`;
  if (typeof value !== 'object') return shortened(String(value));
  if (value instanceof Opaque) return describeObject(value, depth);
  if (value instanceof TensorRef) return `tensor [${value.shape.join(', ')}]`;
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Tuple) return `(${listed(value.items, depth)})`;
  if (Array.isArray(value)) return `[${listed(value, depth)}]`;
  if (value instanceof Map) return `{${pairs(value, ': ', depth)}}`;
  return kindOf(value);
}

function describeObject(object: Opaque, depth: number): string {
  const { name, args, items } = object;
  if (!args) return shortened(name, MAX_TEXT);
  const parts = [...args.slice(0, MAX_ITEMS + 1), ...items.slice(0, MAX_ITEMS + 1)];
  const [first, ...more] = parts;
  const array = arrayOf(object, depth);
  if (array) return array;
  if (depth >= MAX_DEPTH) return `${shortened(name)}(…)`;
  // Print attributes like keyword arguments if there is nothing else.
  const attributes = first instanceof Map && more.length === 0;
  return `${shortened(name, MAX_TEXT)}(${attributes ? pairs(first, '=', depth) : listed(parts, depth)})`;
}

/** The state of a NumPy array is (version, shape, dtype, order, bytes). */
function arrayOf({ name, state }: Opaque, depth: number): string | null {
  const [, shape, dtype] = name === 'numpy.ndarray' && state instanceof Tuple ? state.items : [];
  if (!(shape instanceof Tuple && dtype instanceof Opaque)) return null;
  const [kind] = dtype.args ?? [];
  return `${name} [${listed(shape.items, depth)}]${typeof kind === 'string' ? ` of ${shortened(kind)}` : ''}`;
}

function listed(items: readonly Pickled[], depth: number): string {
  const shown = items.slice(0, MAX_ITEMS).map((item) => describe(item, depth + 1));
  return [...shown, ...(items.length > MAX_ITEMS ? ['…'] : [])].join(', ');
}

function pairs(dict: ReadonlyMap<string | number, Pickled>, between: string, depth: number): string {
  const shown: string[] = [];
  for (const [key, item] of dict) {
    if (shown.length === MAX_ITEMS) {
      shown.push('…');
      break;
    }
    shown.push(`${shortened(String(key))}${between}${describe(item, depth + 1)}`);
  }
  return shown.join(', ');
}

function shortened(text: string, length = MAX_WORD): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
