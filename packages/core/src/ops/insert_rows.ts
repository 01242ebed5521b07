/**
 * out = `into` with its rows from `begin` on replaced by those of the strip; without `into`, zeros with the strip in
 * them. Written over `into`, it copies the strip alone: so the strips of a value are put together one after the other.
 */

import { byteLength, dim, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { checkRows, copyRows, withHeight } from './support/image-rows.js';
import { checkImages } from './support/window.js';

export type InsertRowsAttributes = {
  readonly begin: number;
  /** Rows of the result. */
  readonly height: number;
};

export const insertRowsOp: OpDefinition<InsertRowsAttributes> = {
  name: 'insert_rows',
  inputs: [
    { name: 'strip', kind: 'data' },
    { name: 'into', kind: 'data', optional: true },
  ],
  outputs: [{ name: 'out', kind: 'data' }],
  infer({ attrs, input, inputs }) {
    const strip = input(0);
    checkImages(strip, 'strip');
    checkRows(attrs.begin, dim(strip.shape, 2), attrs.height);
    const out = { shape: withHeight(strip.shape, attrs.height), dtype: strip.dtype };
    const into = inputs[1];
    if (into && !sameShape(into.shape, out.shape)) {
      throw new ShapeError(`expected ${formatType(out)} for into but received ${formatType(into)}`);
    }
    return [out];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 1 }],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: ({ input }) => ({ flops: 0, bytes: 2 * byteLength(input(0)) }),
  reference({ attrs, input, inputs, output }) {
    const [strip, out] = [input(0), output(0)];
    if (inputs[1]) copyRows(inputs[1], 0, out, 0, attrs.height);
    else out.data.fill(0);
    copyRows(strip, 0, out, attrs.begin, dim(strip.shape, 2));
  },
  peerKeeps: KEEPS_NOTHING,
};

/** `into` (N×C×height×W, or zeros of that shape) with the strip's rows (N×C×h×W) from row `begin` on. */
export function insertRows(strip: Value, into: Value | null, begin: number, height: number): Value {
  return emit(insertRowsOp, [strip, into], { begin, height });
}
