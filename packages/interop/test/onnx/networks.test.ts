import { segmentationNetwork } from '@inplace-abn/models';
import { Conv2d, InPlaceABN, Sequential } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { encodeOnnx, onnxModel } from '../../src/index.js';
import { differences, drawn } from '../support/agreement.js';
import { decoded, problems } from '../support/checker.js';
import { Assortment, CeilPool, excitedResNet, Perceptron, UNet } from '../support/own-networks.js';

const EVERY_AXIS = ['batch', 'height', 'width'] as const;

describe('user-defined networks as ONNX', () => {
  it.each([
    ['a U-Net with a transposed convolution', () => new UNet(), 3],
    ['a residual network with gates', excitedResNet, 3],
    ['all other ops', () => new Assortment(), 3],
  ])('%s agrees with onnxruntime at any size', async (_, make, channels) => {
    const network = drawn(make());
    const model = onnxModel(network, { input: { shape: [channels, 16, 16] }, dynamic: EVERY_AXIS });
    expect(problems(decoded(encodeOnnx(model)))).toEqual([]);
    const shapes = [
      [1, channels, 16, 16],
      [3, channels, 23, 18],
      [2, channels, 9, 31],
    ];
    for (const difference of await differences(network, model, shapes)) expect(difference).toBeLessThan(1e-5);
  });

  it.each([false, true])('a perceptron agrees with any number of rows, folded: %s', async (fold) => {
    const network = drawn(new Perceptron());
    const model = onnxModel(network, { input: { shape: [12] }, dynamic: ['batch'], fold });
    const found = await differences(network, model, [
      [1, 12],
      [7, 12],
    ]);
    for (const difference of found) expect(difference).toBeLessThan(1e-5);
  });

  it('a segmentation network with the DeepLabV3 head agrees', async () => {
    const normAct = (channels: number, options?: object) => new InPlaceABN(channels, options);
    const network = drawn(
      segmentationNetwork({
        arch: 'wider_resnet16_a2',
        classes: 4,
        normAct,
        body: { width: 0.0625 },
        head: { hidden: 8, channels: 8, poolingSize: null },
      }),
    );
    const model = onnxModel(network, { input: { shape: [3, 40, 48] }, dynamic: EVERY_AXIS });
    const shapes = [
      [1, 3, 40, 48],
      [2, 3, 57, 43],
    ];
    for (const difference of await differences(network, model, shapes)) expect(difference).toBeLessThan(1e-5);
  });

  it('pools windows that extend beyond the border as PyTorch does', async () => {
    for (const size of [5, 6, 7, 8]) {
      const network = drawn(new Sequential({ conv: new Conv2d(2, 2, 1), pool: new CeilPool() }));
      const model = onnxModel(network, { input: { shape: [2, size, size + 1] } });
      const [difference] = await differences(network, model, [[1, 2, size, size + 1]]);
      expect(difference).toBeLessThan(1e-5);
    }
  });
});
