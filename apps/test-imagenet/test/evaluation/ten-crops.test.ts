/** Logits of ten crops compared with an average computed by hand. */
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { ImageFolder, type Sides, sizeOf } from '@inplace-abn/data';
import { Classifier, initialStateOf, networkOf } from '@inplace-abn/recipes';
import { expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { imageFolder } from '../../../../packages/train/test/support/images.js';
import { createTestLoader } from '../../src/evaluation/test-data.js';

it.each<[string, Sides]>([
  ['squares', 16],
  ['a height and a width', [12, 20]],
])(
  'are the mean over the ten crops, image by image: %s',
  async (_, crop) => {
    const config = configOf();
    const network = networkOf(config.network);
    const common = { device: cpu(), network, precision: 'float32', crop } as const;
    const weights = initialStateOf(network, config.network, 3);
    const ten = new Classifier({ ...common, crops: 10, batches: [4, 3] });
    const one = new Classifier({ ...common, crops: 1, batches: [1] });
    for (const classifier of [ten, one]) classifier.load(weights);
    const folder = await ImageFolder.open(join(await imageFolder(), 'val'));

    const preparation = { crop, scale: 18, tenCrops: true, batchSize: 4, workers: 1 };
    const loader = createTestLoader({ ...preparation, folder, input: config.input });
    const { height, width } = sizeOf('crop', crop);
    const bytes = height * width * 3;
    let images = 0;
    for await (const batch of loader.epoch(0)) {
      const logits = await ten.logits(batch);
      expect(logits.length).toBe(batch.size * 3);
      for (let row = 0; row < batch.size; row++, images++) {
        const sum = [0, 0, 0];
        const color = batch.color.slice(row * 12, (row + 1) * 12);
        for (let at = row * 10; at < (row + 1) * 10; at++) {
          const pixels = batch.images.slice(at * bytes, (at + 1) * bytes);
          const each = await one.logits({ images: pixels, color, size: 1 });
          each.forEach((value, k) => {
            sum[k] = (sum[k] ?? 0) + value;
          });
        }
        sum.forEach((value, k) => {
          expect(logits[3 * row + k]).toBeCloseTo(value / 10, 5);
        });
      }
      batch.release();
    }
    expect(images).toBe(folder.length);
  },
  60_000,
);
