/**
 * Moves blocks of pixels into the channels, so that a convolution reads a smaller image without losing
 * information.
 */

import type { DType } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { spaceToDepthBackward } from './space_to_depth_backward.js';
import { streamed } from './support/cost.js';
import { type BlockAttributes, blocksShape, checkBlock, forEachInBlocks } from './support/depth-blocks.js';
import { at } from './support/reference.js';

export const spaceToDepthOp: OpDefinition<BlockAttributes> = {
  name: 'space_to_depth',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const x = input(0);
    checkBlock(x, 'x', attrs);
    return [{ shape: blocksShape(x, attrs), dtype: x.dtype }];
  },
  gradient: ({ attrs, diff, needs }) => [needs(0) ? spaceToDepthBackward(diff(0), attrs.block) : null],
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 0),
  reference({ attrs, input, output }) {
    const [x, y] = [input(0), output(0)];
    forEachInBlocks(x.shape, attrs.block, (inSpace, inDepth) => {
      y.data[inDepth] = at(x, inSpace);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * x [N,C,H·b,W·b] → [N,C·b²,H,W] with y[n, (i·b + j)·C + c, h, w] = x[n, c, h·b + i, w·b + j]. This is the
 * channel order of TResNet's stem, not of torch.nn.functional.pixel_unshuffle.
 *
 * @throws ShapeError if b does not divide the height and width
 */
export function spaceToDepth<D extends DType>(x: Value<D>, block: number): Value<D> {
  return emit(spaceToDepthOp, [x], { block }).as(x.dtype);
}
