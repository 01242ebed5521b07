import { type AbnApplyAttributes, ops } from '@inplace-abn/core';
import { type RuleContext, rule } from '../model/rule.js';
import type { Size } from '../model/sizes.js';
import { activated } from './activation.js';

/** γ, or |γ| + ε of the in-place layer. */
function scaleOf(context: RuleContext<AbnApplyAttributes>, channels: number): string {
  const { scale, eps } = context.attrs;
  if (!context.has(3)) {
    return context.floats(
      'scale',
      [channels],
      new Float32Array(channels).fill(scale === 'abs' ? 1 + eps : 1),
    );
  }
  if (scale === 'plain') return context.input(3);
  const known = context.constant(3);
  if (known) {
    return context.floats(
      'scale',
      [channels],
      known.data.map((gamma) => Math.abs(gamma) + eps),
    );
  }
  return context.add('Add', [context.add('Abs', [context.input(3)]), context.scalar(eps)]);
}

/** All axes except channels. */
function sampleAxes(shape: readonly Size[]): number[] {
  return shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
}

export const normalizationRules = [
  rule(ops.abn_apply, (context) => {
    const channels = context.shape(0)[1]?.[0] ?? 0;
    const scale = scaleOf(context, channels);
    const bias = context.has(4)
      ? context.input(4)
      : context.floats('bias', [channels], new Float32Array(channels));
    const operands = [context.input(0), scale, bias, context.input(1), context.input(2)];
    const y = context.add('BatchNormalization', operands, { epsilon: { float: context.attrs.eps } });
    return activated(context, y);
  }),
  // For a layer without running statistics.
  rule(ops.abn_stats, (context) => {
    const x = context.input(0);
    const axes = { ints: sampleAxes(context.shape(0)) };
    const mean = context.add('ReduceMean', [x], { axes, keepdims: { int: 1 } });
    const away = context.add('Sub', [x, mean]);
    const variance = context.add('ReduceMean', [context.add('Mul', [away, away])], {
      axes,
      keepdims: { int: 0 },
    });
    return [context.add('Squeeze', [mean, context.ints(axes.ints)]), variance];
  }),
  rule(ops.group_norm, (context) => {
    const { groups, eps } = context.attrs;
    const shape = context.shape(0);
    // Instance normalization with one long channel per group.
    const grouped = context.add('Reshape', [context.input(0), context.ints([0, groups, -1])]);
    const ones = context.floats('one', [groups], new Float32Array(groups).fill(1));
    const zeros = context.floats('zero', [groups], new Float32Array(groups));
    const normed = context.add('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: eps } });
    const back = context.add('Reshape', [normed, context.shapeOf(shape)]);
    const scaled = context.has(1) ? context.add('Mul', [back, alongChannels(context, 1, shape)]) : back;
    return context.has(2) ? context.add('Add', [scaled, alongChannels(context, 2, shape)]) : scaled;
  }),
];

/** A vector [C] as [C,1,…], to broadcast with N×C×S1×…, because ONNX aligns the last axes. */
function alongChannels(
  context: RuleContext<{ groups: number; eps: number }>,
  index: number,
  shape: readonly Size[],
): string {
  const after = shape.slice(2).map((_, axis) => axis + 1);
  const vector = context.input(index);
  return after.length > 0 ? context.add('Unsqueeze', [vector, context.ints(after)]) : vector;
}
