/** The DeepLabV3 head (Chen et al. 2017): parallel dilated convolutions and image-level context. */
import {
  add,
  avgPool,
  broadcastAdd,
  concat,
  dim,
  type Padding,
  type Pair,
  padReplicate,
  type Value,
} from '@inplace-abn/core';
import { Conv2d, type Mode, Module, ModuleList, type NormAct } from '@inplace-abn/nn';

/** Options of the DeepLabV3 head. */
export interface DeepLabV3Options {
  /** Makes the normalization layers. */
  readonly normAct: NormAct;
  /** Output channels of every convolution on the input. Default 256. */
  readonly hidden?: number;
  /** Dilations of the three 3×3 convolutions. Default 12, 24, 36, for an output stride of 8. */
  readonly dilations?: readonly number[];
  /**
   * Height and width of the window over which evaluation averages the context, clipped to the feature map;
   * null: the whole map, as in training. Default 84×84, the map of a 672-pixel training crop at output stride
   * 8.
   */
  readonly poolingSize?: Pair | null;
}

/**
 * N×C×H×W → N×channels×H×W, with the names of the published checkpoint:
 *
 *   out  = red_conv(map_bn(concat(map_convs(x))))
 *   pool = pool_red_conv(global_pooling_bn(global_pooling_conv(mean(x))))
 *   y    = red_bn(out + pool)
 *
 * The mean is over all positions in training and over a sliding window in evaluation (`poolingSize`). The
 * windowed map is padded back to H×W by repeating its border. All layers after the mean are pointwise, so the
 * padding happens at the end, where the map has the fewest channels.
 */
export class DeepLabV3 extends Module {
  /** A 1×1 convolution and one 3×3 convolution per dilation, in parallel. */
  readonly map_convs: ModuleList<Conv2d>;
  /** Normalization of their concatenated outputs. */
  readonly map_bn: Module;
  /** 1×1 convolution of the pooled context. */
  readonly global_pooling_conv: Conv2d;
  /** Its normalization. */
  readonly global_pooling_bn: Module;
  /** 1×1 convolution that reduces the concatenation to the output channels. */
  readonly red_conv: Conv2d;
  /** The same for the pooled context. */
  readonly pool_red_conv: Conv2d;
  /** Normalization of their sum. */
  readonly red_bn: Module;
  private readonly poolingSize: Pair | null;

  /**
   * Builds the head.
   *
   * @param inChannels channels of the features that the head reads
   */
  constructor(
    inChannels: number,
    /** Channels of the result. */
    readonly channels: number,
    { normAct, hidden = 256, dilations = [12, 24, 36], poolingSize = [84, 84] }: DeepLabV3Options,
  ) {
    super();
    this.map_convs = new ModuleList([
      new Conv2d(inChannels, hidden, 1, { bias: false }),
      ...dilations.map((dilation) => {
        return new Conv2d(inChannels, hidden, 3, { padding: dilation, dilation, bias: false });
      }),
    ]);
    this.map_bn = normAct(hidden * this.map_convs.list.length);
    this.global_pooling_conv = new Conv2d(inChannels, hidden, 1, { bias: false });
    this.global_pooling_bn = normAct(hidden);
    this.red_conv = new Conv2d(hidden * this.map_convs.list.length, channels, 1, { bias: false });
    this.pool_red_conv = new Conv2d(hidden, channels, 1, { bias: false });
    this.red_bn = normAct(channels);
    this.poolingSize = poolingSize;
  }

  protected forward(x: Value, mode: Mode): Value {
    const maps = this.map_convs.list.map((conv) => conv.call(x));
    const out = this.red_conv.call(this.map_bn.call(concat(maps)));
    const window = this.windowOf(x, mode);
    const context = this.contextOf(x, window);
    const whole = window[0] === dim(x.shape, 2) && window[1] === dim(x.shape, 3);
    const sum = whole ? broadcastAdd(out, context) : add(out, padReplicate(context, marginOf(window)));
    return this.red_bn.call(sum);
  }

  private windowOf(x: Value, mode: Mode): Pair {
    const size = [dim(x.shape, 2), dim(x.shape, 3)] as const;
    if (mode.training || !this.poolingSize) return size;
    return [Math.min(this.poolingSize[0], size[0]), Math.min(this.poolingSize[1], size[1])];
  }

  private contextOf(x: Value, window: Pair): Value {
    const mean = x.tracer.within('global_pooling', () => avgPool(x, window, { stride: 1 }));
    const reduced = this.global_pooling_conv.call(mean);
    const normed = this.global_pooling_bn.call(reduced);
    return this.pool_red_conv.call(normed);
  }
}

/** Positions that a window of stride 1 removes from a map; if odd, the far side loses one more. */
function marginOf([height, width]: Pair): Padding {
  const near = (size: number) => Math.floor((size - 1) / 2);
  return {
    top: near(height),
    bottom: height - 1 - near(height),
    left: near(width),
    right: width - 1 - near(width),
  };
}
