/** dx of space_to_depth: moves channels back into blocks of pixels. */
import { channels, dim, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { type BlockAttributes, checkBlock, forEachInBlocks } from './support/depth-blocks.js';
import { at } from './support/reference.js';

export const spaceToDepthBackwardOp: OpDefinition<BlockAttributes> = {
  name: 'space_to_depth_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkBlock(dy, 'dy', attrs);
    const [n, c, height, width] = [dim(dy.shape, 0), channels(dy.shape), dim(dy.shape, 2), dim(dy.shape, 3)];
    const { block } = attrs;
    if (c % (block * block) !== 0) {
      throw new ShapeError(`expected a multiple of ${block}² channels for dy but received ${formatType(dy)}`);
    }
    return [{ shape: [n, c / (block * block), height * block, width * block], dtype: dy.dtype }];
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
  cost: (context, outputs) => streamed(context, outputs, 0),
  reference({ attrs, input, output }) {
    const [dy, dx] = [input(0), output(0)];
    forEachInBlocks(dx.shape, attrs.block, (inSpace, inDepth) => {
      dx.data[inSpace] = at(dy, inDepth);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/** ∂loss/∂x [N,C,H·b,W·b] of spaceToDepth from dy [N,C·b²,H,W]. */
export function spaceToDepthBackward(dy: Value, block: number): Value {
  return emit(spaceToDepthBackwardOp, [dy], { block });
}
