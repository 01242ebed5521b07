import { convTranspose2dOp, ops } from '@inplace-abn/core';
import type { OnnxAttributes } from '../model/model.js';
import { type RuleContext, rule } from '../model/rule.js';
import { isFixed, type Size } from '../model/sizes.js';
import { activated } from './activation.js';

type Windowed = {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
};

function windowOf({ stride, padding, dilation, groups }: Windowed, kernel: readonly Size[]): OnnxAttributes {
  return {
    kernel_shape: { ints: kernel.map((size) => size[0] ?? 0) },
    strides: { ints: stride },
    pads: { ints: [...padding, ...padding] },
    dilations: { ints: dilation },
    group: { int: groups },
  };
}

/** Rows and columns beyond those that the input's size and the window give. */
function outputPadding(context: RuleContext<Windowed & { readonly size: readonly number[] }>): number[] {
  const { stride, padding, dilation } = context.attrs;
  return context.sizes('size').map((size, axis) => {
    const from = context.shape(0)[axis + 2] ?? [];
    const reach = (dilation[axis] ?? 1) * ((context.shape(1)[axis + 2]?.[0] ?? 1) - 1) + 1;
    const rest = size.map((to, trace) => {
      return to - ((from[trace] ?? 0) - 1) * (stride[axis] ?? 1) + 2 * (padding[axis] ?? 0) - reach;
    });
    if (isFixed(rest)) return rest[0] ?? 0;
    return context.refuse('its size does not follow from that of its input');
  });
}

export const convolutionRules = [
  rule(ops.conv2d, (context) =>
    context.add('Conv', context.inputs, windowOf(context.attrs, context.shape(1).slice(2))),
  ),
  rule(ops.conv2d_fused, (context) => {
    const operands = context.inputs.slice(0, context.has(2) ? 3 : 2);
    const y = context.add('Conv', operands, windowOf(context.attrs, context.shape(1).slice(2)));
    return activated(context, context.has(3) ? context.add('Add', [y, context.input(3)]) : y);
  }),
  rule(
    convTranspose2dOp,
    (context) =>
      context.add('ConvTranspose', context.inputs, {
        ...windowOf(context.attrs, context.shape(1).slice(2)),
        output_padding: { ints: outputPadding(context) },
      }),
    ['size'],
  ),
];
