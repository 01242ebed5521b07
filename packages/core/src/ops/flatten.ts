/**
 * Flattens images to rows in PyTorch's order, y[n, (c,s)] = x[n,c,s], so that PyTorch's linear weights fit;
 * or the reverse. Images are stored channels-last, so this transposes every image.
 */
import { type DType, elements, formatType, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, type PeerKeeps, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { forEachPlace } from './support/row-major.js';

export type FlattenAttributes = {
  /** Image shape N×C×S1×…. */
  readonly images: readonly number[];
  /** False: images to rows; true: rows to images. */
  readonly back: boolean;
};

/** A view in PyTorch, where images are contiguous. */
const VIEW: PeerKeeps = { inputs: [], outputs: [], view: true };

export const flattenOp: OpDefinition<FlattenAttributes> = {
  name: 'flatten',
  inputs: [{ name: 'x', kind: 'data' }],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs: { images, back }, input }) {
    const x = input(0);
    const rows = rowsShape(images);
    const [from, to] = back ? [rows, images] : [images, rows];
    if (images.length < 2 || !sameShape(x.shape, from)) {
      throw new ShapeError(`expected [${from.join(',')}] but received ${formatType(x)}`);
    }
    return [{ shape: to, dtype: x.dtype }];
  },
  gradient({ attrs: { images, back }, diff, needs }) {
    return [needs(0) ? emit(flattenOp, [diff(0)], { images, back: !back }) : null];
  },
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
  reference({ attrs, input, output }) {
    const [x, y] = [input(0), output(0)];
    forEachPlace(attrs.images, (stored, logical) => {
      const [from, to] = attrs.back ? [logical, stored] : [stored, logical];
      y.data[to] = at(x, from);
    });
  },
  peerKeeps: VIEW,
};

function rowsShape([n = 1, ...rest]: Shape): number[] {
  return [n, elements(rest)];
}

/** x [N,C,S1,…] as rows [N,C·S1·…] in PyTorch's order; transposes every image. */
export function imagesToRows<D extends DType>(x: Value<D>): Value<D> {
  return emit(flattenOp, [x], { images: [...x.shape], back: false }).as(x.dtype);
}

/** Rows x [N,C·S1·…] in PyTorch's order as images of shape `images` [N,C,S1,…]; transposes every image. */
export function rowsToImages<D extends DType>(x: Value<D>, images: Shape): Value<D> {
  return emit(flattenOp, [x], { images: [...images], back: true }).as(x.dtype);
}
