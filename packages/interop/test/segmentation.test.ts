/** Converting segmentation snapshots to the other kind of batch norm. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type JsonValue,
  readDescription,
  type TensorMap,
  torchOfJson,
  writeTorch,
} from '@inplace-abn/checkpoint';
import type { Shape } from '@inplace-abn/core';
import { segmentationNetwork } from '@inplace-abn/models';
import { expect, it, onTestFinished } from 'vitest';
import { convertWeights, writeConversion } from '../src/index.js';
import { drawn, LEAKY, outputOf, relativeError } from './support/networks.js';

const SHAPE: Shape = [1, 3, 40, 48];
const HEAD = { channels: 12, hidden: 8, dilations: [1, 2, 3], poolingSize: [2, 2] } as const;
const SEGMENTATION = {
  output_stride: 16,
  head_channels: 12,
  hidden_channels: 8,
  head_dilations: [1, 2, 3],
  pooling_size: [2, 2],
};

const network = segmentationNetwork({
  arch: 'resnet18',
  classes: 5,
  normAct: LEAKY.inplace,
  outputStride: 16,
  body: { width: 0.125 },
  head: HEAD,
});
const weights = drawn(network) as TensorMap;

async function snapshot(
  told: Readonly<Record<string, JsonValue>>,
  tensors: TensorMap = weights,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'segmentation-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'snapshot.pth');
  const keys = Object.entries(told).map(([key, value]) => [key, torchOfJson(value)] as const);
  await writeTorch(path, new Map([...keys, ['state_dict', tensors]]));
  return path;
}

it('a snapshot gives the same logits with ordinary batch norm, and keeps its description', async () => {
  const config = { task: 'segmentation', network: { activation: 'leaky_relu' }, segmentation: SEGMENTATION };
  const preprocessing = {
    scale: null,
    crop: null,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
  const path = await snapshot({
    bn_mode: 'inplace',
    config,
    preprocessing,
    classes: ['a', 'b', 'c', 'd', 'e'],
    colors: [0, 1, 2, 3, 4].map((id) => [id, id, id]),
  });
  const conversion = await convertWeights(path, { bn: 'standard' });
  expect(conversion.took).toBe("upstream's resnet18 with DeepLabV3 of 0.125 times the width for 5 classes");
  const { network: other, tensors } = conversion.converted;
  const expected = await outputOf(network, SHAPE, weights);
  expect(relativeError(await outputOf(other, SHAPE, tensors), expected)).toBeLessThan(1e-5);
  const written = path.replace('.pth', '.safetensors');
  await writeConversion(written, conversion);
  expect(await readDescription(written)).toMatchObject({
    classes: ['a', 'b', 'c', 'd', 'e'],
    colors: { 4: [4, 4, 4] },
    preprocessing,
    config: {
      task: 'segmentation',
      network: { bn_mode: 'standard', classes: 5 },
      segmentation: SEGMENTATION,
    },
  });
});

it('a snapshot without a description gets the output stride, dilations and pooling of the published network', async () => {
  const { description } = await convertWeights(await snapshot({ bn_mode: 'inplace' }));
  expect(description.config).toMatchObject({
    task: 'segmentation',
    segmentation: { ...SEGMENTATION, output_stride: 8, head_dilations: [12, 24, 36], pooling_size: [84, 84] },
  });
});

it('a snapshot with other shapes is refused, naming the first that differs', async () => {
  const wide = new Map(weights);
  wide.set('head.red_bn.bias', { dtype: 'float32', shape: [13], data: new Float32Array(13) });
  await expect(convertWeights(await snapshot({ bn_mode: 'inplace' }, wide))).rejects.toThrow(
    /is most like resnet18 with DeepLabV3 but differs from it first in head\.red_bn\.bias$/,
  );
});
