import { checkOptionNames, linear, type Value } from '@inplace-abn/core';
import { Module, parameter } from '../module.js';
import { checkSizes } from './sizes.js';

/** torch.nn.Linear: y = x·wᵀ + b; x [N, in], weight float32[out, in]. */
export class Linear extends Module {
  /**
   * @param options `bias`: default true, as in torch.nn.Linear
   * @throws UsageError for a size that is not a positive integer, and for an unknown option
   */
  constructor(
    /** Features of x. */
    readonly inFeatures: number,
    /** Features of the result. */
    readonly outFeatures: number,
    options: { readonly bias?: boolean } = {},
  ) {
    super();
    checkOptionNames('Linear', options, ['bias']);
    checkSizes('Linear', { inFeatures, outFeatures });
    const { bias = true } = options;
    this.states.weight = parameter([outFeatures, inFeatures], 'linear');
    if (bias) this.states.bias = { ...parameter([outFeatures], 'bias'), fanIn: inFeatures };
  }

  protected forward(x: Value): Value {
    return linear(x, this.state(x, 'weight'), this.states.bias ? this.state(x, 'bias') : null);
  }
}
