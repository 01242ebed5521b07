import { checkNumber, checkNumbers, checkOptionNames, sgd as emitSgd, type Value } from '@inplace-abn/core';
import type { Optimizer } from './optimizer.js';
import { COMMON, type TorchForm } from './torch-form.js';

/** Hyperparameters of {@link sgd}, as of torch.optim.SGD. */
export interface SgdOptions {
  /** Base rate, which a schedule multiplies; no default. */
  readonly learningRate: number;
  /** Factor on the momentum buffer, at least 0. Default 0: no buffer. */
  readonly momentum?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Steps by gradient + momentum · buffer instead of by the buffer; needs momentum. Default false. */
  readonly nesterov?: boolean;
}

export const SGD_FORM: TorchForm = {
  type: 'SGD',
  slots: ['momentum_buffer'],
  counted: false,
  defaults: { ...COMMON, momentum: 0, dampening: 0, nesterov: false },
  mark: 'nesterov',
};

/**
 * torch.optim.SGD with dampening 0:
 *
 *     g   = grad + wd·p
 *     buf = momentum·buf + g
 *     p  −= lr·buf, or with Nesterov momentum lr·(g + momentum·buf)
 *
 * @throws UsageError for Nesterov without momentum, and for an option that is unknown or out of range
 */
export function sgd(options: SgdOptions): Optimizer {
  checkOptionNames('sgd', options, ['learningRate', 'momentum', 'weightDecay', 'nesterov']);
  const {
    learningRate = Number.NaN,
    momentum = 0,
    weightDecay: weight_decay = 0,
    nesterov = false,
  } = options;
  checkNumbers('sgd', 'a non-negative number', { learningRate, momentum, weightDecay: weight_decay });
  if (nesterov) checkNumber('sgd with nesterov', 'momentum', 'a number above 0', momentum);
  const hyperparameters = { momentum, weight_decay, nesterov };
  return {
    torch: SGD_FORM,
    learningRate,
    slots: momentum > 0 ? [{ name: 'momentum_buffer', moment: 1 }] : [],
    hyperparameters,
    update(
      { parameter: param, gradient: grad, learningRate: lr, weightDecay = weight_decay },
      state,
      { clip },
    ) {
      const buffer = momentum > 0 ? state('momentum_buffer') : null;
      const rule = { ...hyperparameters, weight_decay: weightDecay };
      const next = emitSgd({ param, grad, momentum: buffer, lr, clip }, rule);
      const slots: Record<string, Value> = next.momentum ? { momentum_buffer: next.momentum } : {};
      return { parameter: next.param, state: slots };
    },
  };
}
