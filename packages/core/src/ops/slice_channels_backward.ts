/** dx = dy in the channels starting at `begin`, 0 elsewhere. */
import { channels } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { checkHasChannels, checkSlice, copyChannels, withChannels } from './support/channels.js';
import { streamed } from './support/cost.js';

export type SliceChannelsBackwardAttributes = {
  readonly begin: number;
  /** Number of channels of dx. */
  readonly channels: number;
};

export const sliceChannelsBackwardOp: OpDefinition<SliceChannelsBackwardAttributes> = {
  name: 'slice_channels_backward',
  inputs: [{ name: 'dy', kind: 'data', pitched: true }],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input }) {
    const dy = input(0);
    checkHasChannels(dy, 'dy');
    checkSlice(attrs.begin, channels(dy.shape), attrs.channels);
    return [{ shape: withChannels(dy.shape, attrs.channels), dtype: dy.dtype }];
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
    const dy = input(0);
    output(0).data.fill(0);
    copyChannels(dy, 0, output(0), attrs.begin, channels(dy.shape));
  },
  peerKeeps: KEEPS_NOTHING,
};

/** dy (N×C×S1×…) inserted at channel `begin` of a zero tensor with `width` channels. */
export function sliceChannelsBackward(dy: Value, begin: number, width: number): Value {
  return emit(sliceChannelsBackwardOp, [dy], { begin, channels: width });
}
