/**
 * Images as rows in PyTorch's order, y[n, (c,s)] = x[n,c,s], so that weights of a linear layer behind them fit; and back.
 * In memory images have their channels last: each is transposed.
 */
import { elements, formatType, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, type PeerKeeps, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { forEachPlace } from './support/row-major.js';

export type FlattenAttributes = {
  /** N×C×S1×… of the images. */
  readonly images: readonly number[];
  /** Whether rows are given and images made. */
  readonly back: boolean;
};

/** A view, where images are contiguous in memory. */
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

/** x [N,C,S1,…] as [N,C·S1·…], each row in PyTorch's order: a transposition of every image. */
export function imagesToRows(x: Value): Value {
  return emit(flattenOp, [x], { images: [...x.shape], back: false });
}

/** Rows x [N,C·S1·…] in PyTorch's order as images [N,C,S1,…] = `images`. */
export function rowsToImages(x: Value, images: Shape): Value {
  return emit(flattenOp, [x], { images: [...images], back: true });
}
