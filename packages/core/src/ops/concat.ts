/** Concatenates the inputs along the channels (torch.cat with dim 1). */

import { channels, type DType, dim, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError, UsageError } from '../errors.js';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE, type Slice } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { sliceChannels } from './slice_channels.js';
import { checkHasChannels, copyChannels, withChannels } from './support/channels.js';
import { streamed } from './support/cost.js';
import { SAME_ROW } from './support/row-windows.js';

export const concatOp: OpDefinition<NoAttributes> = {
  name: 'concat',
  inputs: [{ name: 'x', kind: 'data', variadic: true, pitched: true }],
  outputs: [{ name: 'y', kind: 'data', pitched: true }],
  infer({ input, inputs }) {
    const first = input(0);
    let width = 0;
    inputs.forEach((_, index) => {
      const x = input(index);
      checkHasChannels(x, `operand ${index}`);
      if (!sameShape(withChannels(x.shape, 0), withChannels(first.shape, 0))) {
        throw new ShapeError(
          `operands differ in more than their channels: ${formatType(first)} and ${formatType(x)}`,
        );
      }
      width += channels(x.shape);
    });
    return [{ shape: withChannels(first.shape, width), dtype: first.dtype }];
  },
  gradient({ inputs, diff, needs }) {
    let begin = 0;
    return inputs.map((x, index) => {
      const length = x ? dim(x.shape, 1) : 0;
      const slice = needs(index) ? sliceChannels(diff(0), begin, length) : null;
      begin += length;
      return slice;
    });
  },
  overwrites: [],
  slices({ inputs }) {
    let begin = 0;
    return inputs.map((x, input): Slice => {
      const slice = { input, output: 0, begin, whole: 'output' } as const;
      begin += x ? channels(x.shape) : 0;
      return slice;
    });
  },
  rows: ({ inputs }) => inputs.map(() => SAME_ROW),
  inverses: [],
  absorb: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 0),
  reference({ inputs, output }) {
    let begin = 0;
    for (const x of inputs) {
      if (!x) continue;
      copyChannels(x, 0, output(0), begin, channels(x.shape));
      begin += channels(x.shape);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Concatenates `values` (N×C_i×S1×…, equal except for C_i) along the channels: N×ΣC_i×S1×…
 *
 * @throws UsageError without values; ShapeError if they differ in more than their channels
 */
export function concat<D extends DType>(values: readonly Value<D>[]): Value<D> {
  const [first, ...rest] = values;
  if (!first) throw new UsageError('concat: expected at least one value');
  return rest.length === 0 ? first : emit(concatOp, values, {}).as(first.dtype);
}
