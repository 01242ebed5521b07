// NumPy scalars become numbers, because metrics are often saved as such. NumPy arrays stay opaque.

import { Callable, Opaque, type Pickled, Tuple } from './objects.js';

const READERS: Readonly<Record<string, (view: DataView, little: boolean) => number | bigint | boolean>> = {
  b1: (view) => view.getUint8(0) !== 0,
  i1: (view) => view.getInt8(0),
  u1: (view) => view.getUint8(0),
  i2: (view, little) => view.getInt16(0, little),
  u2: (view, little) => view.getUint16(0, little),
  i4: (view, little) => view.getInt32(0, little),
  u4: (view, little) => view.getUint32(0, little),
  i8: (view, little) => narrowed(view.getBigInt64(0, little)),
  u8: (view, little) => narrowed(view.getBigUint64(0, little)),
  f4: (view, little) => view.getFloat32(0, little),
  f8: (view, little) => view.getFloat64(0, little),
};

/**
 * numpy.core.multiarray.scalar(dtype, bytes) of NumPy 1 and 2: a number, or opaque for an unsupported dtype.
 */
export const numpyScalars = ['numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar'].map(
  (name) => new Callable(name, (args) => numberOf(args) ?? new Opaque('numpy.generic', args)),
);

function numberOf([dtype, bytes]: readonly Pickled[]): number | bigint | boolean | undefined {
  if (!(dtype instanceof Opaque && dtype.name === 'numpy.dtype') || typeof bytes !== 'string')
    return undefined;
  const [kind] = dtype.args ?? [];
  const read = typeof kind === 'string' && Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (!read || typeof kind !== 'string' || bytes.length !== Number(kind.slice(1))) return undefined;
  const [, order] = dtype.state instanceof Tuple ? dtype.state.items : [];
  const content = Buffer.from(bytes, 'latin1');
  return read(new DataView(content.buffer, content.byteOffset, content.byteLength), order !== '>');
}

function narrowed(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
