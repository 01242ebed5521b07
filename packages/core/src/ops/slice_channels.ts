/** y = channels [begin, begin + length) of x. */

import { channels, type DType } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { sliceChannelsBackward } from './slice_channels_backward.js';
import { checkHasChannels, checkSlice, copyChannels, withChannels } from './support/channels.js';
import { copied } from './support/cost.js';
import { SAME_ROW } from './support/row-windows.js';

export type SliceChannelsAttributes = { readonly begin: number; readonly length: number };

export const sliceChannelsOp: OpDefinition<SliceChannelsAttributes> = {
  name: 'slice_channels',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const x = input(0);
    checkHasChannels(x, 'x');
    checkSlice(attrs.begin, attrs.length, channels(x.shape));
    return [{ shape: withChannels(x.shape, attrs.length), dtype: x.dtype }];
  },
  gradient({ attrs, input, diff, needs }) {
    return [needs(0) ? sliceChannelsBackward(diff(0), attrs.begin, channels(input(0).shape)) : null];
  },
  overwrites: [],
  slices: ({ attrs }) => [{ input: 0, output: 0, begin: attrs.begin, whole: 'input' }],
  rows: () => [SAME_ROW],
  inverses: [],
  absorb: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: copied,
  reference({ attrs, input, output }) {
    copyChannels(input(0), attrs.begin, output(0), 0, attrs.length);
  },
  peerKeeps: { inputs: [], outputs: [], view: true },
};

/**
 * Channels [begin, begin + length) of x (N×C×S1×…): N×length×S1×…, like torch.narrow along dim 1.
 *
 * @throws ShapeError if the range is empty or exceeds the channels of x
 */
export function sliceChannels<D extends DType>(x: Value<D>, begin: number, length: number): Value<D> {
  return emit(sliceChannelsOp, [x], { begin, length }).as(x.dtype);
}
