import { adam, type Value } from '@inplace-abn/core';
import { type Optimizer, optimizerStateName, type ParameterUpdate } from './optimizer.js';

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  readonly weightDecay?: number;
}

/** torch.optim.Adam; weight decay is added to the gradient (L2), as there. */
export class Adam implements Optimizer {
  private readonly options: Required<AdamOptions>;

  /** `step`: float32 scalar input that counts updates from 1. */
  constructor(
    private readonly step: Value,
    { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0 }: AdamOptions = {},
  ) {
    this.options = { beta1, beta2, eps, weightDecay };
  }

  apply(updates: readonly ParameterUpdate[], clip: Value | null): void {
    const { weightDecay, ...betas } = this.options;
    const attrs = { ...betas, weight_decay: weightDecay };
    for (const { name, parameter, gradient, learningRate } of updates) {
      const { tracer } = parameter;
      const state = (kind: string): Value =>
        tracer.state(optimizerStateName(name, kind), parameter.shape, 'float32', 'optimizer');
      tracer.during('update', null, () =>
        tracer.within(name, () => {
          const moments = { expAvg: state('exp_avg'), expAvgSq: state('exp_avg_sq') };
          const scalars = { lr: learningRate, step: this.step, clip };
          const next = adam({ param: parameter, grad: gradient, ...moments, ...scalars }, attrs);
          tracer.assign(parameter, next.param);
          tracer.assign(moments.expAvg, next.expAvg);
          tracer.assign(moments.expAvgSq, next.expAvgSq);
        }),
      );
    }
  }
}
