// The allow-list: every global that the pickle machine gives a meaning. torch.save of tensors, ordered
// dictionaries and plain containers needs no others (PyTorch 0.2 to 2.x). Everything else stays opaque.

import type { HostDType } from '@inplace-abn/tensor';
import { DICT_OPERATIONS } from './limits.js';
import { numpyScalars } from './numpy.js';
import { Callable, kindOf, Opaque, type Pickled, PickledDict, StorageType, Tuple } from './objects.js';
import { rebuildTensor } from './rebuild-tensor.js';

/** The storage class of each dtype. */
export const STORAGE_CLASSES = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
} as const satisfies Record<HostDType, string>;

const orderedDict = new Callable('collections.OrderedDict', (args, context) => {
  const [pairs, ...more] = args;
  context.charge(DICT_OPERATIONS);
  if (args.length === 0) return new PickledDict();
  // Python 2 passes the content as a list of pairs.
  if (!Array.isArray(pairs) || more.length > 0) return context.fail('an ordered dictionary is malformed');
  context.charge(pairs.length);
  const dict = new PickledDict();
  for (const pair of pairs) {
    const items = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
    const [key, value] = items;
    if (items.length !== 2 || key === undefined || value === undefined) {
      return context.fail('an ordered dictionary is malformed');
    }
    setItem(dict, key, value);
  }
  return dict;
});

const size = new Callable('torch.Size', ([sizes], context) =>
  sizes instanceof Tuple || Array.isArray(sizes) ? sizes : context.fail('a torch.Size is malformed'),
);

const parameter = new Callable('torch._utils._rebuild_parameter', ([data], context) =>
  data === undefined ? context.fail('a parameter is malformed') : data,
);

/** Python 3 writes bytes in protocol 2 as a string of code points up to 255. They stay a string here. */
const encode = new Callable('_codecs.encode', ([text], context) =>
  typeof text === 'string' ? text : context.fail('a bytes object is malformed'),
);

const DTYPES = ['half', 'float', 'double', 'short', 'int', 'long', 'complex64', 'complex128'];
const NAMES_OF_DTYPES = [...Object.keys(STORAGE_CLASSES), ...DTYPES];

const GLOBALS: ReadonlyMap<string, Pickled> = new Map<string, Pickled>([
  ...[orderedDict, size, parameter, encode, rebuildTensor(4), rebuildTensor(6), ...numpyScalars].map(
    (callable) => [callable.name, callable] as const,
  ),
  ...Object.entries(STORAGE_CLASSES).map(
    ([dtype, name]) => [`torch.${name}`, new StorageType(dtype as HostDType)] as const,
  ),
  // A dtype as a value becomes its name.
  ...NAMES_OF_DTYPES.map((name) => [`torch.${name}`, `torch.${name}`] as const),
]);

/** Python 2's name of the module, which protocol 2 keeps. */
const OLD_BUILTINS = /^__builtin__(?=\.)/;

/** The value of a global; opaque if it is not on the allow-list. */
export function findGlobal(name: string): Pickled {
  return GLOBALS.get(name) ?? new Opaque(name.replace(OLD_BUILTINS, 'builtins'));
}

/** Sets an item. Keys of plain dictionaries are strings and integers. */
export function setItem(dict: PickledDict, key: Pickled, value: Pickled): void {
  if (typeof key === 'string' || (typeof key === 'number' && Number.isSafeInteger(key))) dict.set(key, value);
  else dict.foreignKey ??= kindOf(key);
}
