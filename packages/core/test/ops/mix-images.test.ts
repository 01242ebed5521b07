/**
 * mix_images on the native device against torchvision's MixUp and CutMix
 * (packages/data/test/fixtures/make_mix.py).
 */
import { describe, expect, it } from 'vitest';
import { mixImages, run } from '../../src/index.js';
import { readJson } from '../support/fixtures.js';
import { toStorage } from '../support/layout.js';

interface Mixed {
  readonly lambda: number;
  readonly box: readonly number[];
  readonly images: readonly number[];
}

const { shape, mixup, cutmix } = readJson<{ shape: number[]; mixup: Mixed[]; cutmix: Mixed[] }>(
  new URL('../../../data/test/fixtures/mix.json', import.meta.url),
);

const [, , height = 0, width = 0] = shape;

describe('mix_images', () => {
  const cuts = cutmix.map((each) => {
    const [top = 0, left = 0, bottom = 0, right = 0] = each.box;
    // The share of the image that remains, as a loader computes it: 1 for an empty box.
    return { ...each, lambda: 1 - ((bottom - top) * (right - left)) / (height * width) };
  });

  it.each([...mixup, ...cuts])(
    "has torchvision's pixels with λ = $lambda and the box $box",
    async (mixed) => {
      const [batch = 0] = shape;
      const size = shape.reduce((a, b) => a * b, 1);
      const counted = Float32Array.from({ length: size }, (_, i) => i);
      const { y } = await run(
        ({ x, partners, lambda, boxes }) => ({ y: mixImages(x, { partners, lambda, boxes }) }),
        {
          x: { shape, data: Float32Array.from(toStorage(shape, counted)) },
          partners: {
            shape: [batch],
            dtype: 'int32',
            data: Int32Array.from({ length: batch }, (_, i) => (i + batch - 1) % batch),
          },
          lambda: { shape: [batch], data: new Float32Array(batch).fill(mixed.lambda) },
          boxes: {
            shape: [batch, 4],
            dtype: 'int32',
            data: Int32Array.from({ length: 4 * batch }, (_, i) => mixed.box[i % 4] ?? Number.NaN),
          },
        },
      );
      const expected = toStorage(shape, mixed.images);
      expect(y).toHaveLength(size);
      for (const [i, value] of expected.entries()) expect(Number(y[i])).toBeCloseTo(value, 3);
    },
  );
});
