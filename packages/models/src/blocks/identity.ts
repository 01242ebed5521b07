import { add, type Value } from '@inplace-abn/core';
import { Conv2d, Module, Sequential } from '@inplace-abn/nn';
import { type BlockOptions, dropoutOf, outChannels } from './channels.js';

/**
 * Pre-activation residual block (He et al. 2016, identity mappings): convs(bn1(x)) + shortcut, with nothing
 * after the sum. Two 3×3 convolutions, or a bottleneck of 1×1, 3×3 (with dilation and groups) and 1×1; the
 * first one has the stride. The shortcut is x, or a projection of bn1(x) if stride or channels change.
 */
export class IdentityBlock extends Module {
  /** Normalization and activation of the input. */
  readonly bn1: Module;
  /** The convolutions, with normalizations between them. */
  readonly convs: Sequential;
  /** 1×1 projection of the shortcut, where stride or channels change. */
  readonly proj_conv?: Conv2d;

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
    this.bn1 = normAct(inChannels);
    this.convs = new Sequential(
      channels.length === 2
        ? basic(inChannels, channels, options)
        : bottleneck(inChannels, channels, options),
    );
    if (stride !== 1 || inChannels !== out) {
      this.proj_conv = new Conv2d(inChannels, out, 1, { stride, bias: false });
    }
  }

  protected forward(x: Value): Value {
    const normed = this.bn1.call(x);
    const main = this.convs.call(normed);
    return add(main, this.proj_conv?.call(normed) ?? x);
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
    bn2: normAct(c1),
    ...dropoutOf(options),
    conv2: new Conv2d(c1, c2, 3, { padding: dilation, dilation, bias: false }),
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
    conv1: new Conv2d(inChannels, c1, 1, { stride, bias: false }),
    bn2: normAct(c1),
    conv2: new Conv2d(c1, c2, 3, { padding: dilation, dilation, groups, bias: false }),
    bn3: normAct(c2),
    ...dropoutOf(options),
    conv3: new Conv2d(c2, c3, 1, { bias: false }),
  };
}
