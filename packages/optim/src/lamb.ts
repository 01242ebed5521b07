import {
  add,
  checkNumbers,
  checkOptionNames,
  div,
  exp,
  mul,
  neg,
  sign,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Value,
} from '@inplace-abn/core';
import type { Optimizer } from './optimizer.js';
import { checkBetas, decayed, moved, scaled } from './rule.js';
import { COMMON, type TorchForm } from './torch-form.js';

/** Hyperparameters of {@link lamb}. */
export interface LambOptions {
  /** Base rate, which a schedule multiplies; no default. */
  readonly learningRate: number;
  /** Decay of the averages of the gradient and of its square. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the average of squared gradients. Default 1e-6. */
  readonly eps?: number;
  /** Decoupled weight decay, part of the update that the trust ratio scales. Default 0.01. */
  readonly weightDecay?: number;
}

export const LAMB_FORM: TorchForm = {
  type: 'Lamb',
  slots: ['exp_avg', 'exp_avg_sq'],
  counted: 'group',
  // All that timm's step reads from a group. It clips by the optimizer's own max_grad_norm.
  defaults: {
    ...COMMON,
    bias_correction: true,
    betas: [0.9, 0.999],
    eps: 1e-6,
    weight_decay: 0.01,
    grad_averaging: true,
    trust_clip: false,
    always_adapt: false,
  },
  mark: 'grad_averaging',
};

/**
 * LAMB (You et al., ICLR 2020) as timm's Lamb:
 *
 *     m = β₁·m + (1 − β₁)·g,  v = β₂·v + (1 − β₂)·g²
 *     u = (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + eps) + wd·p
 *     p −= lr·r·u,  r = ‖p‖/‖u‖ where both are above 0, otherwise 1
 *
 * As in timm, r is 1 for parameters without weight decay. timm also clips by a global norm of 1; here the
 * step's `clip` does that.
 *
 * @throws UsageError for an option that is unknown or out of range
 */
export function lamb(options: LambOptions): Optimizer {
  checkOptionNames('lamb', options, ['learningRate', 'betas', 'eps', 'weightDecay']);
  const {
    learningRate = Number.NaN,
    betas = [0.9, 0.999],
    eps = 1e-6,
    weightDecay: weight_decay = 0.01,
  } = options;
  checkNumbers('lamb', 'a non-negative number', { learningRate, eps, weightDecay: weight_decay });
  checkBetas('lamb', betas);
  const [beta1, beta2] = betas;
  return {
    torch: LAMB_FORM,
    learningRate,
    slots: [
      { name: 'exp_avg', moment: 1 },
      { name: 'exp_avg_sq', moment: 2 },
    ],
    hyperparameters: { betas, eps, weight_decay },
    update({ parameter, gradient, learningRate: lr, weightDecay = weight_decay }, state, { clip, step }) {
      const g = scaled(gradient, clip);
      const m = moved(state('exp_avg'), g, beta1, 1 - beta1);
      const v = moved(state('exp_avg_sq'), square(g), beta2, 1 - beta2);
      const scale = add(sqrt(div(v, correction(beta2, step))), eps);
      const u = decayed(div(div(m, correction(beta1, step)), scale), parameter, weightDecay);
      const rate = weightDecay === 0 ? lr : mul(lr, trustRatio(parameter, u));
      return { parameter: moved(parameter, u, 1, neg(rate)), state: { exp_avg: m, exp_avg_sq: v } };
    },
  };
}

/** 1 − βᵗ. With x = t·ln β it is −tanh(x/2)·(eˣ + 1), which does not cancel while βᵗ is close to 1. */
function correction(beta: number, step: Value): Value {
  const x = mul(step, Math.log(beta));
  return mul(tanh(mul(x, -0.5)), add(exp(x), 1));
}

/** ‖p‖/‖u‖ where both are above 0, otherwise 1. */
function trustRatio(parameter: Value, update: Value): Value {
  const [p, u] = [sqrt(sum(square(parameter))), sqrt(sum(square(update)))];
  const both = mul(sign(p), sign(u));
  const neither = sub(1, both);
  return add(div(mul(p, both), add(u, neither)), neither);
}
