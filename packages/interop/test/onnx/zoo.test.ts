import { ARCHITECTURES, createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { onnxModel } from '../../src/index.js';
import { differences, drawn } from '../support/agreement.js';

const inPlace: NormAct = (channels, options) => new InPlaceABN(channels, options);

describe('the architectures as ONNX', () => {
  it.each(ARCHITECTURES)('%s agrees with onnxruntime at any size and batch', async (arch) => {
    const network = drawn(createNetwork(arch, { normAct: inPlace, classes: 7, width: 0.125 }));
    // TResNet pools odd sides differently from even ones.
    const whole = arch.startsWith('tresnet');
    const model = onnxModel(network, {
      input: { shape: [3, 32, 32] },
      dynamic: ['batch', 'height', 'width'],
      sizes: whole ? { step: 32 } : {},
    });
    const other = whole ? [3, 3, 32, 64] : [3, 3, 37, 50];
    for (const difference of await differences(network, model, [[1, 3, 32, 32], other])) {
      expect(difference).toBeLessThan(1e-5);
    }
  });
});
