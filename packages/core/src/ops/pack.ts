/** Packs tensors into a flat vector, so that one message carries them all. */

import { formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { flatLayout } from './support/flat.js';

const present = (types: readonly (TensorType | null)[]) =>
  types.filter((type): type is TensorType => type !== null);

export const packOp: OpDefinition<NoAttributes> = {
  name: 'pack',
  inputs: [{ name: 'x', kind: 'any', variadic: true }],
  outputs: [{ name: 'flat', kind: 'any' }],
  infer({ inputs }) {
    const types = present(inputs);
    const dtype = types[0]?.dtype ?? 'float32';
    const misfit = types.find((type) => type.dtype !== dtype || (dtype !== 'float32' && dtype !== 'int32'));
    if (misfit)
      throw new ShapeError(
        `expected tensors of one dtype, float32 or int32, but received ${formatType(misfit)}`,
      );
    return [{ shape: [flatLayout(types.map(({ shape }) => shape)).length], dtype }];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ inputs, output }) {
    const tensors = inputs.filter((tensor) => tensor !== null);
    const { begins } = flatLayout(tensors.map(({ shape }) => shape));
    output(0).data.fill(0);
    tensors.forEach((tensor, index) => {
      output(0).data.set(tensor.data, begins[index]);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * The elements of `tensors` (all float32 or all int32) in storage order, as a vector [K]; each tensor starts
 * at a multiple of 16 elements.
 *
 * @throws ShapeError for other or mixed dtypes; UsageError without tensors
 */
export function pack(tensors: readonly Value[]): Value {
  const kind = tensors.every((value) => value.kind === 'gradient') ? 'gradient' : 'activation';
  return emit(packOp, tensors, {}, { kinds: [kind] });
}
