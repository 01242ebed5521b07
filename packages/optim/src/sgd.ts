import { sgd, UsageError, type Value } from '@inplace-abn/core';
import { type Optimizer, optimizerStateName, type ParameterUpdate } from './optimizer.js';

export interface SgdOptions {
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
}

/** torch.optim.SGD with dampening 0: g = grad + wd·p; buf = momentum·buf + g; p −= lr·(nesterov ? g + momentum·buf : buf). */
export class SGD implements Optimizer {
  private readonly options: Required<SgdOptions>;

  constructor({ momentum = 0, weightDecay = 0, nesterov = false }: SgdOptions = {}) {
    if (nesterov && momentum <= 0) throw new UsageError('Nesterov momentum needs a momentum above 0');
    this.options = { momentum, weightDecay, nesterov };
  }

  apply(updates: readonly ParameterUpdate[], clip: Value | null): void {
    const { momentum: factor, weightDecay, nesterov } = this.options;
    for (const { name, parameter, gradient, learningRate } of updates) {
      const { tracer } = parameter;
      tracer.during('update', null, () =>
        tracer.within(name, () => {
          const momentum =
            factor > 0
              ? tracer.state(
                  optimizerStateName(name, 'momentum_buffer'),
                  parameter.shape,
                  'float32',
                  'optimizer',
                )
              : null;
          const operands = { param: parameter, grad: gradient, momentum, lr: learningRate, clip };
          const next = sgd(operands, { momentum: factor, weight_decay: weightDecay, nesterov });
          tracer.assign(parameter, next.param);
          if (momentum && next.momentum) tracer.assign(momentum, next.momentum);
        }),
      );
    }
  }
}
