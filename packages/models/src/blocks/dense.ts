import { concat, type Value } from '@inplace-abn/core';
import { Conv2d, Module, ModuleList, type NormAct, Sequential } from '@inplace-abn/nn';

export interface DenseOptions {
  /** Channels that each layer adds. */
  readonly growth: number;
  /** Number of layers. */
  readonly layers: number;
  /** Of the 3×3 convolutions; default 1. */
  readonly dilation?: number;
  readonly normAct: NormAct;
}

/** The 1×1 convolution of a layer has this many times the channels that the layer adds. */
const BOTTLENECK = 4;

/**
 * Dense module (Huang et al. 2017): every layer reads all that came before it, joined along the channels, through
 * bn, 1×1 convolution (`convs1.i`), bn and 3×3 convolution (`convs3.i`); the output joins everything.
 *
 * Written as a chain, features = concat(features, new): each join is the one before it and some channels more, so
 * that all of them can lie in one buffer, in which every layer fills its own channels.
 */
export class DenseModule extends Module {
  readonly convs1: ModuleList;
  readonly convs3: ModuleList;
  readonly outChannels: number;

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
