import { checkNumbers, checkOptionNames, adam as emitAdam } from '@inplace-abn/core';
import type { Optimizer } from './optimizer.js';
import { checkBetas } from './rule.js';
import { COMMON, type TorchForm } from './torch-form.js';

/** Hyperparameters of {@link adam}, as of torch.optim.Adam. */
export interface AdamOptions {
  /** Base rate, which a schedule multiplies; no default. */
  readonly learningRate: number;
  /** Decay rates of the first and second moment estimates. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the average of squared gradients. Default 1e-8. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

export const ADAM_FORM: TorchForm = {
  type: 'Adam',
  slots: ['exp_avg', 'exp_avg_sq'],
  counted: true,
  defaults: { ...COMMON, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, capturable: false, fused: null },
  mark: 'betas',
};

/**
 * torch.optim.Adam (Kingma and Ba, ICLR 2015), without `amsgrad`.
 *
 * @throws UsageError for an option that is unknown or out of range
 */
export function adam(options: AdamOptions): Optimizer {
  checkOptionNames('adam', options, ['learningRate', 'betas', 'eps', 'weightDecay']);
  return adamOf(ADAM_FORM, options, false);
}

/** Adam in the form of a torch.optim class, with its L2 penalty or decoupled weight decay. */
export function adamOf(
  torch: TorchForm,
  { learningRate = Number.NaN, betas = [0.9, 0.999], eps = 1e-8, weightDecay: weight_decay = 0 }: AdamOptions,
  decoupled: boolean,
): Optimizer {
  const what = torch.type.toLowerCase();
  checkNumbers(what, 'a non-negative number', { learningRate, eps, weightDecay: weight_decay });
  checkBetas(what, betas);
  const [beta1, beta2] = betas;
  return {
    torch,
    learningRate,
    slots: [
      { name: 'exp_avg', moment: 1 },
      { name: 'exp_avg_sq', moment: 2 },
    ],
    hyperparameters: { betas, eps, weight_decay },
    update(
      { parameter: param, gradient: grad, learningRate: lr, weightDecay = weight_decay },
      state,
      { clip, step },
    ) {
      const operands = {
        param,
        grad,
        expAvg: state('exp_avg'),
        expAvgSq: state('exp_avg_sq'),
        lr,
        step,
        clip,
      };
      const next = emitAdam(operands, { beta1, beta2, eps, weight_decay: weightDecay, decoupled });
      return { parameter: next.param, state: { exp_avg: next.expAvg, exp_avg_sq: next.expAvgSq } };
    },
  };
}
