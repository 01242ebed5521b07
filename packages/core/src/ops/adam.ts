/**
 * One step of torch.optim.Adam. With t counting steps from 1:
 *
 *     g = grad·clip + weight_decay·param
 *     m = β₁·m + (1 − β₁)·g
 *     v = β₂·v + (1 − β₂)·g²
 *     param −= lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 *
 * If `decoupled`, like torch.optim.AdamW: g = grad·clip, and param is first scaled by 1 − lr·weight_decay.
 */
import { elements } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { at } from './support/reference.js';
import {
  checkUpdate,
  firstUpdated,
  partialUpdate,
  type UpdateAttributes,
  updateCost,
} from './support/update.js';

/** Hyperparameters of one {@link adam} update. */
export type AdamRule = {
  /** Decay of the mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Decay of the mean of squared gradients, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the bias-corrected second moment. */
  readonly eps: number;
  /** L2 penalty, or decay of the parameter if `decoupled`. */
  readonly weight_decay: number;
  /** AdamW: weight decay shrinks the parameter directly and does not enter the moments. */
  readonly decoupled: boolean;
};

export type AdamAttributes = AdamRule & UpdateAttributes;

export const adamOp: OpDefinition<AdamAttributes> = {
  name: 'adam',
  inputs: [
    { name: 'param', kind: 'float32' },
    { name: 'grad', kind: 'float32' },
    { name: 'exp_avg', kind: 'float32' },
    { name: 'exp_avg_sq', kind: 'float32' },
    { name: 'lr', kind: 'float32' },
    { name: 'step', kind: 'float32' },
    { name: 'clip', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'param', kind: 'float32' },
    { name: 'exp_avg', kind: 'float32' },
    { name: 'exp_avg_sq', kind: 'float32' },
  ],
  infer(context) {
    const { input, inputs } = context;
    checkUpdate(context, [input(2), input(3)], [input(4), input(5), inputs[6] ?? null]);
    return [input(0), input(2), input(3)];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0, required: true },
    { output: 1, input: 2, required: true },
    { output: 2, input: 3, required: true },
  ],
  parts: { update: partialUpdate(), make: null },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => updateCost(context, outputs, 14),
  reference(context) {
    const { attrs, inputs, input, output } = context;
    const [param, grad, first] = [input(0), input(1), firstUpdated(context)];
    for (const [index, state] of [param, input(2), input(3)].entries()) output(index).data.set(state.data);
    const clip = inputs[6] ? at(inputs[6], 0) : 1;
    const step = at(input(5), 0);
    const rate = at(input(4), 0) / (1 - attrs.beta1 ** step);
    const penalty = attrs.decoupled ? 0 : attrs.weight_decay;
    const kept = attrs.decoupled ? 1 - at(input(4), 0) * attrs.weight_decay : 1;
    const rootCorrection = Math.sqrt(1 - attrs.beta2 ** step);
    for (let j = 0; j < elements(grad.shape); j++) {
      const i = first + j;
      const g = at(grad, j) * clip + penalty * at(param, i);
      const average = attrs.beta1 * at(input(2), i) + (1 - attrs.beta1) * g;
      const square = attrs.beta2 * at(input(3), i) + (1 - attrs.beta2) * g * g;
      output(0).data[i] =
        kept * at(param, i) - (rate * average) / (Math.sqrt(square) / rootCorrection + attrs.eps);
      output(1).data[i] = average;
      output(2).data[i] = square;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Operands of one parameter's Adam step. param, grad, expAvg and expAvgSq have the same shape; lr, step (from
 * 1) and clip are float32[].
 */
export interface AdamOperands {
  /** State to update. */
  readonly param: Value;
  /** Gradient of the loss. */
  readonly grad: Value;
  /** Mean of gradients, a state. */
  readonly expAvg: Value;
  /** Mean of squared gradients, a state. */
  readonly expAvgSq: Value;
  /** Learning rate. */
  readonly lr: Value;
  /** Number of this update, from 1. */
  readonly step: Value;
  /** Factor for the gradient, from clipScale. */
  readonly clip: Value | null;
}

/**
 * The new parameter and moments, updated in place.
 *
 * @throws ShapeError if a moment or the gradient does not have the parameter's shape, or if lr, step or clip
 * is not a scalar
 */
export function adam(
  { param, grad, expAvg, expAvgSq, lr, step, clip }: AdamOperands,
  rule: AdamRule,
): {
  /** The parameter after the step, float32. */
  param: Value;
  /** Mean of gradients, of the parameter's shape. */
  expAvg: Value;
  /** Mean of squared gradients, of the parameter's shape. */
  expAvgSq: Value;
} {
  const operands = [param, grad, expAvg, expAvgSq, lr, step, clip];
  const outputs = emitAll(adamOp, operands, { ...rule, begin: 0 });
  return { param: outputAt(outputs, 0), expAvg: outputAt(outputs, 1), expAvgSq: outputAt(outputs, 2) };
}
