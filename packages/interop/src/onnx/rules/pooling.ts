import { ops } from '@inplace-abn/core';
import type { OnnxAttributes } from '../model/model.js';
import { type RuleContext, rule } from '../model/rule.js';
import { isFixed, sameSize } from '../model/sizes.js';

type PoolAttributes = {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
};

function poolOf({ kernel, stride, padding }: PoolAttributes, far = padding): OnnxAttributes {
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: stride },
    pads: { ints: [...padding, ...far] },
  };
}

/**
 * Padding at the end that gives the output size without ceil_mode, which runtimes interpret differently; null
 * if it depends on the input's size.
 */
function farPadding(context: RuleContext<PoolAttributes>): number[] | null {
  const { kernel, stride, padding } = context.attrs;
  const reach = [0, 1].map((axis) => {
    const [from = [], to = []] = [context.shape(0)[axis + 2], context.outputShape[axis + 2]];
    return to.map((size, trace) => {
      const end = (size - 1) * (stride[axis] ?? 1) + (kernel[axis] ?? 1);
      return Math.max(padding[axis] ?? 0, end - (from[trace] ?? 0) - (padding[axis] ?? 0));
    });
  });
  return reach.every(isFixed) ? reach.map((sizes) => sizes[0] ?? 0) : null;
}

/** [1, 2, 1] ⊗ [1, 2, 1] / 16 for each channel. */
function blur(channels: number): Float32Array {
  const taps = [1, 2, 1, 2, 4, 2, 1, 2, 1];
  return Float32Array.from({ length: 9 * channels }, (_, index) => (taps[index % 9] ?? 0) / 16);
}

export const poolingRules = [
  rule(ops.max_pool, (context) => {
    const { ceil, ...pool } = context.attrs;
    const x = [context.input(0)];
    if (!ceil) return context.add('MaxPool', x, poolOf(pool));
    const far = farPadding(context);
    if (far) return context.add('MaxPool', x, poolOf(pool, far));
    return context.add('MaxPool', x, { ...poolOf(pool), ceil_mode: { int: 1 } });
  }),
  rule(
    ops.avg_pool,
    (context) => {
      const { count_include_pad, padding, ...pool } = context.attrs;
      const kernel = context.sizes('kernel');
      if (kernel.every(isFixed)) {
        return context.add('AveragePool', [context.input(0)], {
          ...poolOf({ ...pool, padding }),
          count_include_pad: { int: count_include_pad ? 1 : 0 },
        });
      }
      const whole = kernel.every((size, axis) => sameSize(size, context.shape(0)[axis + 2] ?? []));
      if (whole && padding.every((size) => size === 0)) {
        return context.add('GlobalAveragePool', [context.input(0)]);
      }
      return context.refuse('its window depends on the size of the input and is not the whole map');
    },
    ['kernel', 'stride'],
  ),
  rule(ops.global_avg_pool, (context) =>
    context.add('Flatten', [context.add('GlobalAveragePool', [context.input(0)])], { axis: { int: 1 } }),
  ),
  rule(ops.blur_pool, (context) => {
    const channels = context.shape(0)[1]?.[0] ?? 0;
    const pads = context.ints([0, 0, 1, 1, 0, 0, 1, 1]);
    const padded = context.add('Pad', [context.input(0), pads], { mode: { text: 'reflect' } });
    const filter = context.floats('blur', [channels, 1, 3, 3], blur(channels));
    return context.add('Conv', [padded, filter], {
      kernel_shape: { ints: [3, 3] },
      strides: { ints: [2, 2] },
      group: { int: channels },
    });
  }),
];
