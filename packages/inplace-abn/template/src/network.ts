import type { Value } from 'inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Module } from 'inplace-abn/nn';

/** A convolution with in-place batch normalization: its output takes the memory of its input. */
class Block extends Module {
  private readonly conv: Conv2d;
  private readonly bn: InPlaceABN;

  constructor(inputs: number, outputs: number) {
    super();
    this.conv = new Conv2d(inputs, outputs, 3, { padding: 1, stride: 2, bias: false });
    this.bn = new InPlaceABN(outputs);
  }

  protected forward(x: Value): Value {
    return this.bn.call(this.conv.call(x));
  }
}

/** Scores for each class of an image. */
export class Network extends Module {
  private readonly first: Block;
  private readonly second: Block;
  private readonly pool = new GlobalAvgPool2d();
  private readonly classifier: Linear;

  constructor(classes: number) {
    super();
    this.first = new Block(1, 16);
    this.second = new Block(16, 32);
    this.classifier = new Linear(32, classes);
  }

  protected forward(x: Value): Value {
    return this.classifier.call(this.pool.call(this.second.call(this.first.call(x))));
  }
}
