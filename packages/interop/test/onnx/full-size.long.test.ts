import { createNetwork, segmentationNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { onnxModel } from '../../src/index.js';
import { differences, drawn } from '../support/agreement.js';

const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);

describe('full-size networks as ONNX', () => {
  it.each([false, true])('ResNet-50 agrees with onnxruntime at any size, folded: %s', async (fold) => {
    const network = drawn(createNetwork('resnet50', { normAct, classes: 1000 }));
    const model = onnxModel(network, {
      input: { shape: [3, 224, 224] },
      dynamic: ['batch', 'height', 'width'],
      fold,
    });
    const shapes = [
      [2, 3, 224, 224],
      [1, 3, 191, 257],
    ];
    for (const difference of await differences(network, model, shapes)) expect(difference).toBeLessThan(1e-5);
  });

  it('DeepLabV3 on WideResNet-38 agrees with onnxruntime within a range of sizes', async () => {
    const network = drawn(segmentationNetwork({ arch: 'wider_resnet38_a2', classes: 65, normAct }));
    const model = onnxModel(network, {
      input: { shape: [3, 128, 128] },
      dynamic: ['batch', 'height', 'width'],
      // From an output stride of 8 on, context is that of windows of 84×84.
      sizes: { from: 64, to: 672 },
    });
    for (const difference of await differences(network, model, [[1, 3, 129, 170]])) {
      expect(difference).toBeLessThan(1e-5);
    }
  });

  it('DeepLabV3 agrees at a fixed size at which it pools over windows', async () => {
    const network = drawn(
      segmentationNetwork({
        arch: 'wider_resnet16_a2',
        classes: 65,
        normAct,
        body: { width: 0.25 },
      }),
    );
    const model = onnxModel(network, { input: { shape: [3, 701, 690] } });
    const [difference] = await differences(network, model, [[1, 3, 701, 690]]);
    expect(difference).toBeLessThan(1e-5);
  });
});
