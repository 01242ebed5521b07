/** y = rows [begin, begin + length) of each image, the input of one strip. */
import { dim } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { copied } from './support/cost.js';
import { checkRows, copyRows, withHeight } from './support/image-rows.js';
import { checkImages } from './support/window.js';

export type SliceRowsAttributes = { readonly begin: number; readonly length: number };

export const sliceRowsOp: OpDefinition<SliceRowsAttributes> = {
  name: 'slice_rows',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs, input }) {
    const x = input(0);
    checkImages(x, 'x');
    checkRows(attrs.begin, attrs.length, dim(x.shape, 2));
    return [{ shape: withHeight(x.shape, attrs.length), dtype: x.dtype }];
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
  cost: copied,
  reference({ attrs, input, output }) {
    copyRows(input(0), attrs.begin, output(0), 0, attrs.length);
  },
  peerKeeps: { inputs: [], outputs: [], view: true },
};

/** Rows [begin, begin + length) of x (N×C×H×W): N×C×length×W. */
export function sliceRows(x: Value, begin: number, length: number): Value {
  return emit(sliceRowsOp, [x], { begin, length });
}
