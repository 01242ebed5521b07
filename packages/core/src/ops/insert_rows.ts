/**
 * out = `into` with the rows that start at `begin` replaced by the strip; without `into`, zeros around the
 * strip. If out overwrites `into`, only the strip is copied, so a value can be assembled strip by strip.
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
  /** Number of rows of the result. */
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

/** `into` (N×C×height×W; null for zeros) with the strip's rows (N×C×h×W) inserted at row `begin`. */
export function insertRows(strip: Value, into: Value | null, begin: number, height: number): Value {
  return emit(insertRowsOp, [strip, into], { begin, height });
}
