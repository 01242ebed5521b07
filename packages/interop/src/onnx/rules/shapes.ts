import { isRowMajor, ops } from '@inplace-abn/core';
import { type RuleContext, rule } from '../model/rule.js';
import type { Size } from '../model/sizes.js';

/** Whether images of these sizes lie in memory in the order of their axes, in every trace. */
function inOrder(shape: readonly Size[]): boolean {
  const traces = shape[0] ?? [1];
  return traces.every((_, trace) => isRowMajor(shape.map((size) => size[trace] ?? 1)));
}

function slice(context: RuleContext<{ begin: number; length: number }>, axis: number): string {
  const { begin, length } = context.attrs;
  const [starts, ends, axes] = [context.ints([begin]), context.ints([begin + length]), context.ints([axis])];
  return context.add('Slice', [context.input(0), starts, ends, axes]);
}

export const shapeRules = [
  rule(
    ops.flatten,
    (context) => {
      if (context.attrs.back) {
        return context.reshaped(context.input(0), context.shape(0), context.outputShape);
      }
      return context.add('Flatten', [context.input(0)], { axis: { int: 1 } });
    },
    ['images'],
  ),
  rule(
    ops.reshape,
    (context) => {
      const [from, to] = [context.shape(0), context.outputShape];
      if (!inOrder(from) || !inOrder(to)) return context.refuse('its elements are in the order of storage');
      return context.reshaped(context.input(0), from, to);
    },
    ['shape'],
  ),
  rule(ops.concat, (context) => context.add('Concat', context.inputs, { axis: { int: 1 } })),
  rule(ops.slice_channels, (context) => slice(context, 1)),
  rule(ops.slice_rows, (context) => slice(context, 2)),
  rule(ops.space_to_depth, (context) =>
    context.add('SpaceToDepth', [context.input(0)], { blocksize: { int: context.attrs.block } }),
  ),
  rule(
    ops.pad_replicate,
    (context) => {
      const [top = [], bottom = [], left = [], right = []] = context.sizes('padding');
      const none = top.map(() => 0);
      const pads = context.shapeOf([none, none, top, left, none, none, bottom, right]);
      return context.add('Pad', [context.input(0), pads], { mode: { text: 'edge' } });
    },
    ['padding'],
  ),
  rule(
    ops.resize_bilinear,
    (context) =>
      context.add('Resize', [context.input(0), '', '', context.shapeOf(context.outputShape)], {
        mode: { text: 'linear' },
        coordinate_transformation_mode: { text: 'half_pixel' },
      }),
    ['size'],
  ),
  rule(
    ops.constant,
    (context) =>
      context.add('Expand', [context.scalar(context.attrs.value), context.shapeOf(context.outputShape)]),
    ['shape'],
  ),
];
