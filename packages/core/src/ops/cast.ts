/** Converts x to another data dtype. Conversion to 16 bits rounds to nearest even. */

import { type DataDType, elements, isDataDType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';

export type CastAttributes = { readonly dtype: DataDType };

export const castOp: OpDefinition<CastAttributes> = {
  name: 'cast',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs, input }) {
    const x = input(0);
    if (x.dtype === attrs.dtype) throw new ShapeError(`x is already ${x.dtype}`);
    return [{ shape: x.shape, dtype: attrs.dtype }];
  },
  gradient({ input, diff, needs }) {
    const { dtype } = input(0);
    return [needs(0) && isDataDType(dtype) ? cast(diff(0), dtype) : null];
  },
  overwrites: [],
  rows: () => [SAME_ROW],
  inverses: [],
  absorb: null,
  slices: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  // The reference computes in float64 for every dtype, so it does not round.
  reference({ input, output }) {
    const x = input(0);
    for (let i = 0; i < elements(x.shape); i++) output(0).data[i] = at(x, i);
  },
  peerKeeps: KEEPS_NOTHING,
};

/** x converted to `dtype`; x itself if it already has that dtype. */
export function cast<D extends DataDType>(x: Value, dtype: D): Value<D> {
  return x.is(dtype) ? x : emit(castOp, [x], { dtype }).as(dtype);
}
