import { add, type Value } from '@inplace-abn/core';
import { Conv2d, Module, Sequential } from '@inplace-abn/nn';
import { type BlockOptions, dropoutOf, outChannels } from './channels.js';

/**
 * Post-activation residual block: φ(convs(x) + shortcut). Two 3×3 convolutions, or a bottleneck of 1×1, 3×3
 * (with stride, dilation and groups) and 1×1. The shortcut is projected if stride or channels change.
 */
export class ResidualBlock extends Module {
  /** The convolutions, each with its normalization; the last has no activation. */
  readonly convs: Sequential;
  /** 1×1 projection of the shortcut, where stride or channels change. */
  readonly proj_conv?: Conv2d;
  /** Normalization of the projection. */
  readonly proj_bn?: Module;
  private readonly activation: Parameters<typeof add>[2];

  /**
   * Builds the convolutions, and a projection if the shortcut needs one.
   *
   * @param channels output channels of each convolution, two or three
   * @throws UsageError for another number of convolutions, and for groups without a bottleneck
   */
  constructor(inChannels: number, channels: readonly number[], options: BlockOptions) {
    super();
    const { normAct, stride = 1 } = options;
    const out = outChannels(channels, options);
    this.convs = new Sequential(
      channels.length === 2
        ? basic(inChannels, channels, options)
        : bottleneck(inChannels, channels, options),
    );
    if (stride !== 1 || inChannels !== out) {
      this.proj_conv = new Conv2d(inChannels, out, 1, { stride, bias: false });
      this.proj_bn = normAct(out, { activation: 'identity' });
    }
    const { activation, activationParam } = normAct(out);
    this.activation = { activation, slope: activationParam };
  }

  protected forward(x: Value): Value {
    const main = this.convs.call(x);
    const projected = this.proj_conv?.call(x);
    const shortcut = projected ? this.proj_bn?.call(projected) : x;
    return add(main, shortcut ?? x, this.activation);
  }
}

function basic(
  inChannels: number,
  channels: readonly number[],
  options: BlockOptions,
): Record<string, Module> {
  const { stride = 1, dilation = 1, normAct } = options;
  const [c1 = 0, c2 = 0] = channels;
  return {
    conv1: new Conv2d(inChannels, c1, 3, { stride, padding: dilation, dilation, bias: false }),
    bn1: normAct(c1),
    ...dropoutOf(options),
    conv2: new Conv2d(c1, c2, 3, { padding: dilation, dilation, bias: false }),
    bn2: normAct(c2, { activation: 'identity' }),
  };
}

function bottleneck(
  inChannels: number,
  channels: readonly number[],
  options: BlockOptions,
): Record<string, Module> {
  const { stride = 1, dilation = 1, groups = 1, normAct } = options;
  const [c1 = 0, c2 = 0, c3 = 0] = channels;
  return {
    conv1: new Conv2d(inChannels, c1, 1, { bias: false }),
    bn1: normAct(c1),
    conv2: new Conv2d(c1, c2, 3, { stride, padding: dilation, dilation, groups, bias: false }),
    bn2: normAct(c2),
    ...dropoutOf(options),
    conv3: new Conv2d(c2, c3, 1, { bias: false }),
    bn3: normAct(c3, { activation: 'identity' }),
  };
}
