/** The loss of a segmentation if other processes have parts of the batch. */
import { run } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { normal } from '../../../core/test/support/prng.js';
import { defaultConfig } from '../../src/index.js';
import { segmentationOf } from '../../src/segmentation/objective.js';

const [CLASSES, SIDE] = [3, 4];
const SHAPE = { batch: 2, crop: SIDE };

describe('the loss of a segmentation', () => {
  it.each<[string, Partial<typeof defaultConfig.loss> & { class_weights?: number[] }]>([
    ['class weights', { class_weights: [1, 4, 0.25] }],
    ['focal loss', { type: 'focal', class_weights: [1, 4, 0.25], label_smoothing: 0.1 }],
    ['binary cross entropy', { type: 'bce' }],
    ['Lovász-softmax', { lovasz: 1 }],
    ['Lovász-softmax of each image', { lovasz: 1, lovasz_per_image: true, lovasz_classes: 'all' }],
    ['Dice', { dice: 2 }],
    ['class weights and Dice', { class_weights: [1, 4, 0.25], dice: 2 }],
  ])('is half as large if another process has as many pixels: %s', async (_, loss) => {
    const objective = segmentationOf({ ...defaultConfig.loss, ...loss });
    const labels = Uint8Array.from({ length: 2 * SIDE * SIDE }, (_, i) => (i % 5 === 0 ? 255 : i % CLASSES));
    const counted = labels.filter((id) => id !== 255);
    const weighted = (loss.type ?? 'cross_entropy') === 'cross_entropy';
    const weights = (weighted && loss.class_weights) || [1, 1, 1];
    const weight = counted.reduce((sum, id) => sum + (weights[id] ?? 0), 0);
    const shape = [2, CLASSES, SIDE, SIDE];
    const inputs = {
      logits: { shape, data: normal('logits', shape) },
      labels: { shape: [2, SIDE, SIDE], dtype: 'uint8' as const, data: labels },
      count: { shape: [1], data: Float32Array.of(2 * weight) },
      labeled: { shape: [1], data: Float32Array.of(2 * counted.length) },
    };
    const { whole, half } = await run(
      (v) => ({
        whole: objective.training(v.logits, v.labels, SHAPE, {}).loss,
        half: objective.training(v.logits, v.labels, SHAPE, {
          count: v.count,
          labeled: v.labeled,
          images: 4,
        }).loss,
      }),
      inputs,
    );
    expect(Number(half?.[0])).toBeCloseTo(Number(whole?.[0]) / 2, 5);
  });
});
