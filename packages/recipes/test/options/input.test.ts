/**
 * Every value of the configuration's `input` section: its effect on the loader's images and on two training
 * steps.
 */
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { formatPlan, planReport, taskOf } from '../../src/index.js';
import { configOf, runTraining } from '../support/runs.js';

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const BATCH = 8;

interface FirstBatch {
  readonly pixels: Uint8Array;
  /** The 3×4 color matrix of each image. */
  readonly colors: readonly number[][];
}

describe('input', () => {
  let data: string;
  let plain: FirstBatch;
  beforeAll(async () => {
    data = await imageFolder();
    plain = await firstBatch({});
  });

  async function firstBatch(
    input: Record<string, unknown>,
    part: 'train' | 'val' = 'train',
  ): Promise<FirstBatch> {
    const opened = await taskOf(configOf({ input })).openData(data, { workers: 1 });
    for await (const batch of opened[part].epoch(0)) {
      const pixels = batch.images.slice();
      const colors = Array.from({ length: BATCH }, (_, i) => [...batch.color.slice(12 * i, 12 * i + 12)]);
      batch.release();
      return { pixels, colors };
    }
    return expect.fail('no batch');
  }

  /** Losses of two steps. */
  async function losses(input: Record<string, unknown>): Promise<number[]> {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config: configOf({ input }), data, logDir, maxSteps: 2 });
    return (await readMetrics(join(logDir, 'metrics.jsonl'))).map(({ loss }) => loss);
  }

  it.each<[string, Record<string, unknown>]>([
    ['scale_train', { scale_train: 12 }],
    ['crop_train', { crop_train: 24 }],
    ['area_train', { area_train: [0.9, 1] }],
    ['color_jitter_train', { color_jitter_train: true }],
    ['lighting_train', { lighting_train: true }],
    ['mean', { mean: [0.1, 0.2, 0.3] }],
    ['std', { std: [1, 0.5, 0.25] }],
  ])('%s changes the training losses', async (_, input) => {
    const [first, second] = await losses(input);
    expect([first, second].every(Number.isFinite)).toBe(true);
    expect([first, second]).not.toEqual(await losses({}));
  });

  it('crop_train and crop_val are the sides of the images', async () => {
    expect(plain.pixels.length).toBe(BATCH * 16 * 16 * 3);
    expect((await firstBatch({ crop_train: 24 })).pixels.length).toBe(BATCH * 24 * 24 * 3);
    expect((await firstBatch({ crop_val: 12 }, 'val')).pixels.length).toBe(BATCH * 12 * 12 * 3);
  });

  it('a height and a width are used by training, validation and the plan report', async () => {
    const input = { scale_train: [30, 40], crop_train: [12, 20], scale_val: [18, 26], crop_val: [16, 24] };
    expect((await firstBatch(input)).pixels.length).toBe(BATCH * 12 * 20 * 3);
    expect((await firstBatch(input, 'val')).pixels.length).toBe(BATCH * 16 * 24 * 3);
    const config = configOf({ input, optimizer: { schedule: { epochs: 1 } } });
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir });
    const [last] = (await readMetrics(join(logDir, 'metrics.jsonl'))).filter(({ phase }) => phase === 'val');
    expect(last?.loss).toBeGreaterThan(0);
    const { report } = planReport(config, BATCH, cpu());
    expect(formatPlan(report)).toMatch(/^resnet18, batch 8 at 20×12, float32/);
    expect(report.bytes.inputs).toBeGreaterThanOrEqual(BATCH * 12 * 20 * 3);
  });

  /** Mean difference of neighboring pixels: lower if the image was enlarged. */
  const roughness = ({ pixels }: FirstBatch): number =>
    pixels.reduce((sum, value, i) => sum + (i % 48 < 45 ? Math.abs(value - (pixels[i + 3] ?? value)) : 0), 0);

  it('scale_train resizes before the random crop, −1 does not', async () => {
    expect(roughness(await firstBatch({ scale_train: 6 }))).toBeLessThan(0.7 * roughness(plain));
    expect((await firstBatch({ scale_train: -1 })).pixels).toEqual(plain.pixels);
  });

  it('scale_val resizes before the center crop, −1 does not', async () => {
    const [resized, raw] = [
      await firstBatch({ scale_val: 40 }, 'val'),
      await firstBatch({ scale_val: -1 }, 'val'),
    ];
    expect(roughness(resized)).toBeLessThan(0.7 * roughness(raw));
  });

  const normalization = MEAN.flatMap((mean, c) => {
    const std = STD[c] ?? Number.NaN;
    return [0, 1, 2].map((k) => (k === c ? 1 / std : 0)).concat(-mean / std);
  });

  function expectColors(found: readonly number[], expected: readonly number[]): void {
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
  }

  it('mean and std normalize every image', async () => {
    for (const color of plain.colors) expectColors(color, normalization);
    const { colors } = await firstBatch({ mean: [0, 0, 0], std: [0.5, 0.5, 0.5] });
    for (const color of colors) expectColors(color, [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0]);
  });

  it('color_jitter_train mixes the channels of each image differently', async () => {
    const { colors, pixels } = await firstBatch({ color_jitter_train: true });
    expect(new Set(colors.map(String)).size).toBe(BATCH);
    // Saturation adds a share of green to red; lighting and normalization never do.
    expect(colors.filter((color) => color[1] !== 0).length).toBe(BATCH);
    expect(pixels.length).toBe(plain.pixels.length);
  });

  it('lighting_train adds a different color to each image and mixes no channels', async () => {
    const { colors } = await firstBatch({ lighting_train: true });
    expect(new Set(colors.map(String)).size).toBe(BATCH);
    for (const color of colors) {
      const parts = color.map((value, i) => (i % 4 === 3 ? (normalization[i] ?? 0) : value));
      expectColors(parts, normalization);
    }
  });

  it('color_jitter_train and lighting_train combine', async () => {
    const [both, jitter] = [
      await firstBatch({ color_jitter_train: true, lighting_train: true }),
      await firstBatch({ color_jitter_train: true }),
    ];
    expect(both.colors[0]?.slice(0, 3)).toEqual(jitter.colors[0]?.slice(0, 3));
    expect(both.colors[0]?.[3]).not.toBe(jitter.colors[0]?.[3]);
  });

  it('only training images vary: validation uses one normalization', async () => {
    const { colors } = await firstBatch({ color_jitter_train: true, lighting_train: true }, 'val');
    for (const color of colors) expectColors(color, normalization);
    expect(CLASSES).toHaveLength(3);
  });
});
