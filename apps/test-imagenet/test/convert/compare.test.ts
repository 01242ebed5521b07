/** A network before and after its conversion on the images of a folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorMap, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { ImageFolder } from '@inplace-abn/data';
import { type ConvertOptions, convertWeights } from '@inplace-abn/interop';
import { initialStateOf, networkOf } from '@inplace-abn/recipes';
import { beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { compareOn, formatComparison, type ImagesOptions, imagesFor } from '../../src/convert/compare.js';

const preprocessing = {
  scale: 18,
  crop: 16,
  interpolation: 'bilinear',
  mean: [0.5, 0.5, 0.5],
  std: [0.2, 0.2, 0.2],
} as const;
let data: string;
let weights: string;
beforeAll(async () => {
  data = await imageFolder();
  weights = join(await temporaryFolder(), 'weights.pth');
  const { network } = configOf({ network: { bn_mode: 'standard', activation: 'relu' } });
  const tensors = initialStateOf(networkOf(network), network, 3);
  for (const [name, { data: values }] of tensors) {
    if (name.endsWith('bn1.weight') && values instanceof Float32Array) values[0] = -0.5;
  }
  const rest = new Map<string, string | Map<string, string | Map<string, string>>>([
    ['bn_mode', 'standard'],
    ['config', new Map([['network', new Map([['activation', 'relu']])]])],
  ]);
  await writeStateDict(weights, tensors as TensorMap, { rest });
});

async function compared(options: ConvertOptions, changes: Partial<ImagesOptions> = {}) {
  const { original, converted, exact, recognized } = await convertWeights(weights, options);
  const { classes: outputs = 0 } = recognized.options;
  const images = await imagesFor(await ImageFolder.open(join(data, 'val')), {
    preprocessing,
    outputs,
    ...changes,
  });
  const how = { device: cpu(), batchSize: 4, workers: 2 };
  return { exact, ...(await compareOn(await original(), converted, images, how)) };
}

describe('networks before and after conversion', () => {
  it('agree if the activation stays the same', async () => {
    const { exact, images, top1, top5, difference } = await compared({ bn: 'standard' });
    expect({ exact, images, difference }).toEqual({ exact: true, images: 15, difference: 0 });
    expect(top1[0]).toBe(top1[1]);
    expect(top5).toEqual([100, 100]);
  });

  it('differ if leaky ReLU replaces ReLU, by a reported amount', async () => {
    const comparison = await compared({});
    expect(comparison.exact).toBe(false);
    expect(comparison.difference).toBeGreaterThan(1e-4);
    expect(comparison.difference).toBeLessThan(comparison.largest);
    expect(formatComparison(comparison)).toMatch(
      /^on 15 images: top-1 \d+\.\d\d % before, \d+\.\d\d % after; top-5 100\.00 % before, 100\.00 % after\nlargest difference of logits: \d\.\d\de-\d; the largest logit is [\d.]+$/,
    );
  });

  it('are not compared on a folder with other classes', async () => {
    const file = join(await temporaryFolder(), 'classes.txt');
    await writeFile(file, 'blue\ngreen\n');
    await expect(compared({}, { classFile: file })).rejects.toThrow(/has no line for red/);
  });
});
