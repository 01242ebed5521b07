import {
  type ConvTranspose2dOptions,
  checkOptionNames,
  convTranspose2d,
  type Value,
} from '@inplace-abn/core';
import { Module, parameter } from '../module.js';
import { checkGroups, checkSizes } from './sizes.js';

const OPTIONS = ['stride', 'padding', 'dilation', 'groups', 'outputPadding', 'bias'] as const;

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dModuleOptions extends ConvTranspose2dOptions {
  /** Whether the layer adds a bias, float32[outChannels]. Default true, as in torch.nn.ConvTranspose2d. */
  readonly bias?: boolean;
}

/** torch.nn.ConvTranspose2d: x [N, in, H, W], weight float32[in, out/groups, K, K]. */
export class ConvTranspose2d extends Module {
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
    private readonly options: ConvTranspose2dModuleOptions = {},
  ) {
    super();
    checkOptionNames('ConvTranspose2d', options, OPTIONS);
    checkSizes('ConvTranspose2d', { inChannels, outChannels, kernel });
    const groups = options.groups ?? 1;
    checkGroups('ConvTranspose2d', groups, inChannels, outChannels);
    this.states.weight = parameter([inChannels, outChannels / groups, kernel, kernel], 'convolution');
    if (options.bias ?? true) this.states.bias = parameter([outChannels], 'bias');
  }

  protected forward(x: Value): Value {
    const bias = this.states.bias ? this.state(x, 'bias') : null;
    return convTranspose2d(x, this.state(x, 'weight'), bias, this.options);
  }
}
