import { concat, type Value } from '@inplace-abn/core';
import { Conv2d, Module, ModuleList, type NormAct, Sequential } from '@inplace-abn/nn';

/** Options of a {@link DenseModule}. */
export interface DenseOptions {
  /** Channels added per layer. */
  readonly growth: number;
  /** Number of layers. */
  readonly layers: number;
  /** Dilation of the 3×3 convolutions. Default 1. */
  readonly dilation?: number;
  /** Makes the normalization layers. */
  readonly normAct: NormAct;
}

/** Ratio of a layer's 1×1 convolution channels to its added channels. */
const BOTTLENECK = 4;

/**
 * Dense module (Huang et al. 2017). Every layer reads the concatenation of all earlier features through bn,
 * 1×1 convolution (`convs1.i`), bn and 3×3 convolution (`convs3.i`); the output concatenates everything.
 *
 * Written as a chain, features = concat(features, new): each result extends the previous one, so all of them
 * can share one buffer in which every layer writes its own channels.
 */
export class DenseModule extends Module {
  /** A bottleneck 1×1 convolution per layer. */
  readonly convs1: ModuleList;
  /** A 3×3 convolution per layer, with `growth` output channels. */
  readonly convs3: ModuleList;
  /** Channels of the output: those of the input and `growth` of each layer. */
  readonly outChannels: number;

  /**
   * Builds the layers.
   *
   * @param inChannels channels of the features that the first layer reads
   */
  constructor(inChannels: number, { growth, layers, dilation = 1, normAct }: DenseOptions) {
    super();
    const wide = BOTTLENECK * growth;
    const indices = Array.from({ length: layers }, (_, index) => index);
    this.convs1 = new ModuleList(
      indices.map((index) => {
        const channels = inChannels + index * growth;
        return new Sequential({
          bn: normAct(channels),
          conv: new Conv2d(channels, wide, 1, { bias: false }),
        });
      }),
    );
    this.convs3 = new ModuleList(
      indices.map(() => {
        const conv = new Conv2d(wide, growth, 3, { padding: dilation, dilation, bias: false });
        return new Sequential({ bn: normAct(wide), conv });
      }),
    );
    this.outChannels = inChannels + layers * growth;
  }

  protected forward(x: Value): Value {
    let features = x;
    for (const [index, conv1] of this.convs1.list.entries()) {
      const wide = conv1.call(features);
      features = concat([features, this.convs3.at(index).call(wide)]);
    }
    return features;
  }
}
