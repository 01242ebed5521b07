import { checkOptionNames, groupNorm, UsageError, type Value } from '@inplace-abn/core';
import { Module, parameter } from '../module.js';

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Whether each channel has a scale and a shift. Default true. */
  readonly affine?: boolean;
}

/** torch.nn.GroupNorm: normalizes `groups` groups of channels per image; x [N, channels, …]. */
export class GroupNorm extends Module {
  /** @throws UsageError for groups that do not divide the channels, and for an unknown option */
  constructor(
    /** Number of groups; divides the channels. */
    readonly groups: number,
    /** Channels of x. */
    readonly channels: number,
    private readonly options: GroupNormOptions = {},
  ) {
    super();
    checkOptionNames('GroupNorm', options, ['eps', 'affine']);
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new UsageError(`GroupNorm: ${groups} groups do not divide ${channels} channels`);
    }
    if (options.affine ?? true) {
      this.states.weight = parameter([channels], 'scale');
      this.states.bias = parameter([channels], 'bias');
    }
  }

  protected forward(x: Value): Value {
    const [weight, bias] = this.states.weight
      ? [this.state(x, 'weight'), this.state(x, 'bias')]
      : [null, null];
    return groupNorm(x, this.groups, weight, bias, this.options);
  }
}
