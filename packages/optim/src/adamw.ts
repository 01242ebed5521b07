import { checkOptionNames } from '@inplace-abn/core';
import { ADAM_FORM, type AdamOptions, adamOf } from './adam.js';
import type { Optimizer } from './optimizer.js';
import type { TorchForm } from './torch-form.js';

/** Hyperparameters of {@link adamw}, as of torch.optim.AdamW. */
export interface AdamWOptions extends Omit<AdamOptions, 'weightDecay'> {
  /**
   * Decoupled weight decay: each update shrinks a parameter by this fraction times the learning rate. Default
   * 0.01.
   */
  readonly weightDecay?: number;
}

export const ADAMW_FORM: TorchForm = {
  ...ADAM_FORM,
  type: 'AdamW',
  defaults: { ...ADAM_FORM.defaults, weight_decay: 0.01 },
};

/**
 * torch.optim.AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019).
 *
 * @throws UsageError for an option that is unknown or out of range
 */
export function adamw(options: AdamWOptions): Optimizer {
  checkOptionNames('adamw', options, ['learningRate', 'betas', 'eps', 'weightDecay']);
  const { weightDecay = 0.01, ...others } = options;
  return adamOf(ADAMW_FORM, { ...others, weightDecay }, true);
}
