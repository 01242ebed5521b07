/**
 * Segmentation losses and their gradients, compared with PyTorch in float64
 * (tools/oracle/make_segmentation_losses.py).
 */
import { gradients, run, type Shape } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../core/test/support/fixtures.js';
import { toStorage } from '../../../core/test/support/layout.js';
import { normal } from '../../../core/test/support/prng.js';
import { defaultConfig } from '../../src/index.js';
import { segmentationOf } from '../../src/segmentation/objective.js';

interface Fixture {
  shape: Shape;
  size: [number, number];
  labels: number[];
  cases: { loss: Partial<typeof defaultConfig.loss>; value: number; gradient: number[] }[];
}

const fixture = readJson<Fixture>(new URL('../fixtures/segmentation_losses.json', import.meta.url));

describe('segmentation losses', () => {
  it.each(fixture.cases.map((one) => [JSON.stringify(one.loss), one] as const))(
    "%s give PyTorch's value and gradient",
    async (_, { loss, value: wanted, gradient: expected }) => {
      const { shape, size, labels } = fixture;
      const [batch = 0] = shape;
      const objective = segmentationOf({ ...defaultConfig.loss, ...loss });
      const inputs = {
        logits: { shape, data: Float32Array.from(toStorage(shape, normal('logits', shape))) },
        labels: { shape: [batch, ...size], dtype: 'uint8' as const, data: Uint8Array.from(labels) },
      };
      const { value, gradient = [] } = await run((v) => {
        const traced = objective.training(v.logits, v.labels, { batch, crop: size }, {}).loss;
        return { value: traced, gradient: gradients(traced, [v.logits])[0] ?? traced };
      }, inputs);
      expect(Number(value?.[0])).toBeCloseTo(wanted, 5);
      const stored = toStorage(shape, expected);
      const scale = Math.max(...expected.map(Math.abs));
      expect(gradient.length).toBe(stored.length);
      const worst = Math.max(...stored.map((slope, i) => Math.abs(slope - Number(gradient[i]))));
      expect(worst).toBeLessThan(1e-5 * scale);
    },
  );
});
