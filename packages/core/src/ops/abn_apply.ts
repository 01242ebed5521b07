/**
 * Normalization and activation: y = s·(x − μ)/√(σ² + ε) + β, z = φ(y), with s = |γ| + ε ('abs', the in-place
 * layer) or s = γ ('plain', ordinary batch normalization). With `statistics: 'batch'`, μ and σ² are the
 * statistics of x itself and the gradient flows through them (paper eq. 3–6, backward variant II). With
 * 'fixed' they are constants.
 */

import { channels, type DType, rows } from '@inplace-abn/tensor';
import { type ActivationAttributes, activate, invertActivation } from '../ir/activations.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { abnBackwardApply } from './abn_backward_apply.js';
import { abnBackwardReduce } from './abn_backward_reduce.js';
import { abnBackwardWeight } from './abn_backward_weight.js';
import { abnFold } from './abn_fold.js';
import { allReduce } from './all_reduce.js';
import { pack } from './pack.js';
import {
  type AbnScale,
  type AbnSums,
  channelScale,
  checkChannels,
  inverseScale,
  readsOutput,
} from './support/abn.js';
import { keptResult } from './support/activated.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';
import { unpack } from './unpack.js';

/** Constants of {@link abnApply}: activation, ε and the kind of scale. */
export type AbnApplyAttributes = ActivationAttributes & {
  /** Added to the variance, and with `scale` 'abs' to |γ|. */
  readonly eps: number;
  /** `plain`: γ. `abs`: |γ| + ε. */
  readonly scale: AbnScale;
  /**
   * `batch`: mean and variance depend on x, and gradients flow through them. `fixed`: they are constants,
   * such as running statistics.
   */
  readonly statistics: 'batch' | 'fixed';
  /** Process group over which the batch statistics were computed, if the batch is distributed. */
  readonly group?: string;
};

export const abnApplyOp: OpDefinition<AbnApplyAttributes> = {
  name: 'abn_apply',
  inputs: [
    { name: 'x', kind: 'data', pitched: true },
    { name: 'mean', kind: 'float32' },
    { name: 'var', kind: 'float32' },
    { name: 'weight', kind: 'float32', optional: true },
    { name: 'bias', kind: 'float32', optional: true },
    // Divisor in the backward pass when the statistics span several processes.
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'z', kind: 'data', pitched: true }],
  infer({ input, inputs }) {
    const x = input(0);
    checkChannels(x, inputs.slice(1, 5));
    return [x];
  },
  gradient({ attrs, input, inputs, diff, needs }) {
    const [mean, variance, weight, bias] = [input(1), input(2), inputs[3] ?? null, inputs[4] ?? null];
    const saved = { x: input(0), mean, variance, weight, bias };
    const batch = attrs.statistics === 'batch';
    const sums = batch || needs(3) || needs(4) ? abnBackwardReduce(diff(0), saved, attrs) : null;
    const dweight = sums && weight && needs(3) ? abnBackwardWeight(sums.dyXhat, weight, attrs.scale) : null;
    // The gradients of γ and β cover only this process's samples. They are reduced later, with those of the
    // other parameters.
    const all = batch && sums && needs(0) ? sumOverGroup(sums, attrs) : null;
    const dx = needs(0) ? abnBackwardApply(diff(0), saved, all, inputs[5] ?? null, attrs) : null;
    return [dx, null, null, dweight, needs(4) ? (sums?.dy ?? null) : null, null];
  },
  overwrites: [{ output: 0, input: 0 }],
  rows: () => [SAME_ROW],
  inverses: [
    {
      input: 0,
      fromOutputs: [0],
      fromInputs: [1, 2, 3, 4],
      available: readsOutput,
      partial: ({ activation }) => activation === 'relu',
      // The backward kernels invert on the fly. Any other reader of x needs x itself.
      rebuild: null,
      // x = μ + √(σ² + ε)·(φ⁻¹(z) − β)/s
      reference({ attrs, inputs, input, output }) {
        const z = output(0);
        const width = channels(z.shape);
        return z.data.map((value, index) => {
          const c = index % width;
          const shift = inputs[4] ? at(inputs[4], c) : 0;
          const unit = inverseScale(channelScale(inputs[3], c, attrs), shift, attrs, z.dtype);
          const normalized = (invertActivation(value, attrs) - shift) * unit;
          return at(input(1), c) + Math.sqrt(at(input(2), c) + attrs.eps) * normalized;
        });
      },
    },
  ],
  fusion: {
    elementwise: null,
    epilogue({ attrs, inputs, input }, operand) {
      if (operand !== 0 || attrs.statistics !== 'fixed') return null;
      const layer = {
        mean: input(1),
        variance: input(2),
        gamma: inputs[3] ?? null,
        beta: inputs[4] ?? null,
      };
      const { activation, slope } = attrs;
      return {
        fold: (linear) => abnFold(linear, layer, attrs),
        addend: null,
        activation: { activation, slope },
      };
    },
    fuse: null,
  },
  absorb: null,
  slices: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  family: 'normalization',
  reference({ attrs, inputs, input, output }) {
    const x = input(0);
    const z = output(0);
    const width = channels(x.shape);
    for (let c = 0; c < width; c++) {
      const scale = channelScale(inputs[3], c, attrs) / Math.sqrt((input(2).data[c] ?? 0) + attrs.eps);
      const mean = input(1).data[c] ?? 0;
      const shift = inputs[4]?.data[c] ?? 0;
      for (let row = 0; row < rows(x.shape); row++) {
        const index = row * width + c;
        z.data[index] = activate(scale * ((x.data[index] ?? 0) - mean) + shift, attrs);
      }
    }
  },
  peerKeeps: (attrs) => ({ inputs: [0], outputs: keptResult(attrs) }),
};

/** Sums of all processes, if the statistics span a group. */
function sumOverGroup(sums: AbnSums, { group }: AbnApplyAttributes): AbnSums {
  if (group === undefined) return sums;
  const flat = allReduce(pack([sums.dy, sums.dyXhat]), group);
  const [dy = sums.dy, dyXhat = sums.dyXhat] = unpack(flat, [sums.dy.shape, sums.dyXhat.shape]);
  return { dy, dyXhat };
}

/**
 * Normalizes x (N×C×…, a data dtype), applies scale, shift and activation, and returns z with the type of x.
 *
 * @param statistics mean and variance, float32[C]; `count`, float32[], is the number of samples per channel
 * over all processes, needed with `attrs.group`
 * @param affine weight γ and bias β, float32[C]; null for neither
 * @throws ShapeError if x has a rank below 2, or another operand does not have C elements
 */
export function abnApply<D extends DType>(
  x: Value<D>,
  statistics: { mean: Value; variance: Value; count?: Value },
  affine: { weight: Value; bias: Value } | null,
  attrs: AbnApplyAttributes,
): Value<D> {
  return emit(
    abnApplyOp,
    [
      x,
      statistics.mean,
      statistics.variance,
      affine?.weight ?? null,
      affine?.bias ?? null,
      ...(statistics.count ? [statistics.count] : []),
    ],
    attrs,
  ).as(x.dtype);
}
