import { type Conv2dOptions, checkOptionNames, conv2d, type Value } from '@inplace-abn/core';
import { Module, parameter } from '../module.js';
import { checkGroups, checkSizes } from './sizes.js';

/** Options of {@link Conv2d}. */
export interface Conv2dModuleOptions extends Conv2dOptions {
  /** Whether the layer adds a bias, float32[outChannels]. Default true, as in torch.nn.Conv2d. */
  readonly bias?: boolean;
}

/** torch.nn.Conv2d with zero padding: x [N, in, H, W], weight float32[out, in/groups, K, K]. */
export class Conv2d extends Module {
  /**
   * @throws UsageError for a size that is not a positive integer, groups that do not divide the channels, and
   * an unknown option
   */
  constructor(
    /** Channels of x. */
    readonly inChannels: number,
    /** Channels of the result. */
    readonly outChannels: number,
    /** Height and width of the window. */
    readonly kernel: number,
    private readonly options: Conv2dModuleOptions = {},
  ) {
    super();
    checkOptionNames('Conv2d', options, ['stride', 'padding', 'dilation', 'groups', 'bias']);
    checkSizes('Conv2d', { inChannels, outChannels, kernel });
    const groups = options.groups ?? 1;
    checkGroups('Conv2d', groups, inChannels, outChannels);
    this.states.weight = parameter([outChannels, inChannels / groups, kernel, kernel], 'convolution');
    if (options.bias ?? true) this.states.bias = parameter([outChannels], 'bias');
  }

  protected forward(x: Value): Value {
    const bias = this.states.bias ? this.state(x, 'bias') : null;
    return conv2d(x, this.state(x, 'weight'), bias, this.options);
  }
}
