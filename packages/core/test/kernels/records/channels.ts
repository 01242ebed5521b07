/** Cases of the ops that concatenate and slice channels. */

import { channels, type Shape } from '@inplace-abn/tensor';
import { withChannels } from '../../../src/ops/support/channels.js';

const SHAPES: readonly Shape[] = [
  [2, 1],
  [3, 17, 5],
  [2, 70, 5, 3],
  [9, 16, 4, 3],
];

const WIDTHS = [[1], [1, 1], [17, 3], [32, 64, 5]];

export const channelwise = {
  concat: WIDTHS.flatMap((widths) =>
    [
      [2, 0],
      [3, 0, 5],
      [7, 0, 3, 3],
    ].map((shape) => ({ attrs: {}, inputs: widths.map((width) => withChannels(shape, width)) })),
  ).concat({
    attrs: {},
    inputs: [
      [5, 2, 2],
      [5, 1030, 2],
    ],
  }),
  slice_channels: SHAPES.flatMap((shape) => {
    const width = channels(shape);
    const half = width >> 1;
    return [
      { attrs: { begin: 0, length: width }, inputs: [shape] },
      { attrs: { begin: half, length: width - half }, inputs: [shape] },
      { attrs: { begin: half, length: 1 }, inputs: [shape] },
    ];
  }),
  slice_channels_backward: SHAPES.flatMap((shape) =>
    [
      [0, 0],
      [0, 7],
      [3, 0],
      [33, 2],
    ].map(([begin = 0, after = 0]) => ({
      attrs: { begin, channels: begin + channels(shape) + after },
      inputs: [shape],
    })),
  ),
};
