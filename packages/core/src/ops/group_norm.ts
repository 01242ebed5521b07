/**
 * Group normalization (torch.nn.GroupNorm): y = γ·(x − μ)/√(σ² + ε) + β, with the mean and biased variance of
 * each group of channels of each image. One channel per group is instance normalization; a single group is
 * layer normalization.
 */
import { type DType, elements } from '@inplace-abn/tensor';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { groupNormBackward } from './group_norm_backward.js';
import { streamed } from './support/cost.js';
import { checkGroups, checkVector, forEachInGroups, groupSize, groupVector } from './support/group_norm.js';
import { addAt, at } from './support/reference.js';

export type GroupNormAttributes = {
  readonly groups: number;
  /** Added to the variance. */
  readonly eps: number;
};

export const groupNormOp: OpDefinition<GroupNormAttributes> = {
  name: 'group_norm',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'weight', kind: 'float32', optional: true },
    { name: 'bias', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'y', kind: 'data' },
    { name: 'mean', kind: 'float32' },
    // 1/√(σ² + ε)
    { name: 'rstd', kind: 'float32' },
  ],
  infer({ attrs, input, inputs }) {
    const x = input(0);
    checkGroups(x, attrs.groups);
    checkVector(x, inputs[1], 'weight');
    checkVector(x, inputs[2], 'bias');
    const statistics = groupVector(x, attrs.groups);
    return [x, statistics, statistics];
  },
  gradient({ attrs, input, inputs, output, diffs, needs }) {
    const [dy, weight] = [diffs[0], inputs[1] ?? null];
    if (!dy || !(needs(0) || needs(1) || needs(2))) return [null, null, null];
    const saved = { x: input(0), mean: output(1), rstd: output(2), weight };
    const { dx, dweight, dbias } = groupNormBackward(dy, saved, attrs.groups);
    return [needs(0) ? dx : null, needs(1) ? dweight : null, needs(2) ? dbias : null];
  },
  overwrites: [{ output: 0, input: 0 }],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 6 * elements(context.input(0).shape)),
  reference({ attrs, input, inputs, output }) {
    const x = input(0);
    const [y, mean, rstd] = [output(0), output(1), output(2)];
    const size = groupSize(x.shape, attrs.groups);
    const forEach = (visit: Parameters<typeof forEachInGroups>[2]) =>
      forEachInGroups(x.shape, attrs.groups, visit);
    mean.data.fill(0);
    rstd.data.fill(0);
    forEach((i, g) => addAt(mean, g, at(x, i) / size));
    forEach((i, g) => addAt(rstd, g, (at(x, i) - at(mean, g)) ** 2 / size));
    for (let g = 0; g < rstd.data.length; g++) rstd.data[g] = 1 / Math.sqrt(at(rstd, g) + attrs.eps);
    forEach((i, g, c) => {
      const [scale, shift] = [inputs[1] ? at(inputs[1], c) : 1, inputs[2] ? at(inputs[2], c) : 0];
      y.data[i] = scale * (at(x, i) - at(mean, g)) * at(rstd, g) + shift;
    });
  },
  // PyTorch saves x, and the mean and rstd of each group.
  peerKeeps: { inputs: [0], outputs: [1, 2] },
};

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
}

/**
 * Normalizes x (N×C×…) over each of `groups` groups of channels, like torch.nn.functional.group_norm; returns
 * the type of x. weight and bias are float32[C], or null for 1 and 0.
 *
 * @throws ShapeError if x has a rank below 2, `groups` does not divide C, or weight or bias is not [C]
 */
export function groupNorm<D extends DType>(
  x: Value<D>,
  groups: number,
  weight: Value | null,
  bias: Value | null,
  options: GroupNormOptions = {},
): Value<D> {
  return outputAt(emitAll(groupNormOp, [x, weight, bias], { groups, eps: options.eps ?? 1e-5 }), 0).as(
    x.dtype,
  );
}
