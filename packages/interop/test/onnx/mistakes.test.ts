import { defineOp, dim, flatten, mul, type Value } from '@inplace-abn/core';
import { createNetwork, segmentationNetwork } from '@inplace-abn/models';
import { Conv2d, InPlaceABN, Linear, Module, Sequential } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { type DynamicAxis, onnxModel } from '../../src/index.js';
import { drawn } from '../support/agreement.js';

const normAct = (channels: number, options?: object) => new InPlaceABN(channels, options);

const square = defineOp({
  name: 'square_of_mine',
  inputs: { x: 'data' },
  run({ x }, y) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = (x.data[i] as number) ** 2;
  },
  gradient: null,
});

class Squares extends Module {
  protected forward(x: Value): Value {
    return square({ x });
  }
}

/** Divides by a number computed from the image size. */
class Normalized extends Module {
  protected forward(x: Value): Value {
    return mul(x, 1 / dim(x.shape, 2));
  }
}

class Flat extends Module {
  readonly fc = new Linear(3 * 8 * 8, 2);

  protected forward(x: Value): Value {
    return this.fc.call(flatten(x));
  }
}

function refusal(module: Module, dynamic: readonly DynamicAxis[] = [], shape = [3, 8, 8]): string {
  try {
    onnxModel(drawn(module), { input: { shape }, dynamic });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'written';
}

describe('onnxModel refuses in one sentence', () => {
  it('an op without a rule, naming it and the path of its layer', () => {
    const net = new Sequential({ conv: new Conv2d(3, 3, 1), squares: new Squares() });
    expect(refusal(net)).toBe(
      'square_of_mine at squares cannot be written as ONNX: there is no rule for the op',
    );
  });

  it('a height that a layer needs fixed', () => {
    expect(refusal(new Sequential({ features: new Flat() }), ['height'])).toBe(
      'height cannot be dynamic: the network takes 1×3×8×8 and no other sizes: at 1×3×16×8 features.fc: linear: x float32[1,384] and weight float32[2,192] differ in features',
    );
  });

  it('a size that the network computed a constant from', () => {
    expect(refusal(new Sequential({ half: new Normalized() }), ['batch', 'height'])).toBe(
      'height cannot be dynamic: elementwise at half has another program at other sizes (mul(x0,0.125) here)',
    );
  });

  it('a network that differs between sizes, unless given a range in which it does not', () => {
    const net = segmentationNetwork({
      arch: 'wider_resnet16_a2',
      classes: 4,
      normAct,
      body: { width: 0.0625 },
      head: { hidden: 8, channels: 8, poolingSize: [16, 16] },
    });
    expect(refusal(net, ['width'], [3, 64, 64])).toMatch(
      /^width cannot be dynamic: the network differs between 1×3×64×\d+ and 1×3×64×64, first in \w+ at head$/,
    );
    const model = onnxModel(drawn(net), {
      input: { shape: [3, 64, 64] },
      dynamic: ['height', 'width'],
      sizes: { from: 32, to: 128 },
    });
    expect(model.outputs[0]?.shape).toEqual([1, 4, 'output_height', 'output_width']);
  });

  it('an axis that the network does not have', () => {
    expect(refusal(new Sequential({ fc: new Linear(4, 2) }), ['width'], [4])).toBe(
      'width cannot be dynamic: the network takes 1×4, which has none',
    );
  });

  it('more names of classes than outputs', () => {
    const network = drawn(createNetwork('resnet18', { normAct, classes: 2, width: 0.0625 }));
    const metadata = { classes: ['cat', 'dog', 'cow'] };
    expect(() => onnxModel(network, { input: { shape: [3, 32, 32] }, metadata })).toThrow(
      '3 class names were given but the network has 2 outputs',
    );
  });

  it('weights of another network', () => {
    const { module } = drawn(new Sequential({ fc: new Linear(4, 2) }));
    const { state } = drawn(new Sequential({ fc: new Linear(4, 3) }));
    expect(() => onnxModel({ module, state }, { input: { shape: [4] } })).toThrow(
      'the network reads fc.weight, float32[2,4], and the weights have float32[3,4]',
    );
  });

  it('preprocessing of inputs other than RGB images', () => {
    const network = drawn(new Sequential({ conv: new Conv2d(1, 2, 1) }));
    const preprocessing = { mean: [0.5], std: [0.5] };
    expect(() => onnxModel(network, { input: { shape: [1, 8, 8] }, preprocessing })).toThrow(
      'preprocessing is of RGB images',
    );
  });
});
