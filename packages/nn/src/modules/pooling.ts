import { avgPool, checkOptionNames, globalAvgPool, maxPool, type Value } from '@inplace-abn/core';
import { Module } from '../module.js';
import { checkSizes } from './sizes.js';

/** Options of the pooling modules. */
export interface PoolOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Pixels from one window to the next. Default: the kernel. */
  readonly stride?: number;
  /** Pixels on each side, at most half of the kernel. Default 0. */
  readonly padding?: number;
}

/** torch.nn.MaxPool2d: N×C×H×W → N×C×h×w. */
export class MaxPool2d extends Module {
  /** @throws UsageError for an unknown option, and a kernel that is not a positive integer */
  constructor(private readonly options: PoolOptions) {
    super();
    checkPool('MaxPool2d', options);
  }

  protected forward(x: Value): Value {
    return maxPool(x, this.options.kernel, {
      ...this.options,
      stride: this.options.stride ?? this.options.kernel,
    });
  }
}

/** torch.nn.AvgPool2d, with its default of counting padded zeros: N×C×H×W → N×C×h×w. */
export class AvgPool2d extends Module {
  /** @throws UsageError for an unknown option, and a kernel that is not a positive integer */
  constructor(private readonly options: PoolOptions) {
    super();
    checkPool('AvgPool2d', options);
  }

  protected forward(x: Value): Value {
    return avgPool(x, this.options.kernel, {
      ...this.options,
      stride: this.options.stride ?? this.options.kernel,
    });
  }
}

/** Mean over all positions: N×C×H×W → N×C. */
export class GlobalAvgPool2d extends Module {
  protected forward(x: Value): Value {
    return globalAvgPool(x);
  }
}

function checkPool(name: string, options: PoolOptions): void {
  checkOptionNames(name, options, ['kernel', 'stride', 'padding']);
  checkSizes(name, { kernel: options.kernel });
}
