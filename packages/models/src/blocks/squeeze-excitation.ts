import { avgPool, dim, mul, relu, sigmoid, type Value } from '@inplace-abn/core';
import { Conv2d, Module } from '@inplace-abn/nn';

/**
 * Squeeze-and-excitation (Hu et al. 2018): x · σ(fc2(relu(fc1(mean of x over H×W)))), one factor per channel
 * and image. fc1 and fc2 are 1×1 convolutions with bias, as in published checkpoints.
 */
export class SqueezeExcitation extends Module {
  /** 1×1 convolution to the reduced channels. */
  readonly fc1: Conv2d;
  /** 1×1 convolution back to all channels. */
  readonly fc2: Conv2d;

  /**
   * Builds both convolutions.
   *
   * @param channels C of x
   * @param reduced channels between fc1 and fc2
   */
  constructor(channels: number, reduced: number) {
    super();
    this.fc1 = new Conv2d(channels, reduced, 1);
    this.fc2 = new Conv2d(reduced, channels, 1);
  }

  protected forward(x: Value): Value {
    const mean = avgPool(x, [dim(x.shape, 2), dim(x.shape, 3)]);
    return mul(x, sigmoid(this.fc2.call(relu(this.fc1.call(mean)))));
  }
}
