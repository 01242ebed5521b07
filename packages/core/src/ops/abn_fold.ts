/**
 * Folds a normalization with fixed statistics into the preceding weights, with s as in abn_apply:
 *
 *     g = s/√(σ² + ε)
 *     g·(w ⋆ x + b − μ) + β = (g·w) ⋆ x + β + g·(b − μ)
 */
import { elements, type TensorType } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { type AbnScale, channelScale, checkOutputs } from './support/abn.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type AbnFoldAttributes = {
  readonly eps: number;
  readonly scale: AbnScale;
};

export const abnFoldOp: OpDefinition<AbnFoldAttributes> = {
  name: 'abn_fold',
  inputs: [
    { name: 'weight', kind: 'float32' },
    { name: 'mean', kind: 'float32' },
    { name: 'var', kind: 'float32' },
    { name: 'gamma', kind: 'float32', optional: true },
    { name: 'beta', kind: 'float32', optional: true },
    { name: 'bias', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'weight', kind: 'float32' },
    { name: 'bias', kind: 'float32' },
  ],
  infer({ input, inputs }) {
    const weight = input(0);
    checkOutputs(weight, inputs.slice(1));
    const bias: TensorType = { shape: weight.shape.slice(0, 1), dtype: 'float32' };
    return [weight, bias];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0 }],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, inputs, input, output }) {
    const [weight, bias] = [output(0), output(1)];
    const fanIn = elements(weight.shape) / elements(bias.shape);
    for (let o = 0; o < elements(bias.shape); o++) {
      const gain = channelScale(inputs[3], o, attrs) / Math.sqrt(at(input(2), o) + attrs.eps);
      const shift = (inputs[5] ? at(inputs[5], o) : 0) - at(input(1), o);
      bias.data[o] = (inputs[4] ? at(inputs[4], o) : 0) + gain * shift;
      for (let i = o * fanIn; i < (o + 1) * fanIn; i++) weight.data[i] = gain * at(input(0), i);
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** A normalization with fixed statistics; all vectors are float32[C]. */
export interface AbnFixed {
  readonly mean: Value;
  readonly variance: Value;
  /** γ and β; null if the layer has no affine parameters. */
  readonly gamma: Value | null;
  readonly beta: Value | null;
}

/**
 * The weight float32[O,…] and bias float32[O] (null for none) of a linear map, with the normalization folded
 * in.
 *
 * @throws ShapeError if a vector does not have O elements
 */
export function abnFold(
  { weight, bias }: { weight: Value; bias: Value | null },
  { mean, variance, gamma, beta }: AbnFixed,
  { eps, scale }: AbnFoldAttributes,
): { weight: Value; bias: Value } {
  const outputs = emitAll(abnFoldOp, [weight, mean, variance, gamma, beta, bias], { eps, scale });
  return { weight: outputAt(outputs, 0), bias: outputAt(outputs, 1) };
}
