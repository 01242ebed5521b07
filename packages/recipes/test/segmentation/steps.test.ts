/**
 * The traced steps of a segmentation: pixels that count, pixels that are ignored, and batches without labels.
 */
import { cpu } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../core/test/support/prng.js';
import { ClassificationMeter } from '../../src/classification/meter.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { ConfusionMeter, PixelMeter } from '../../src/segmentation/meter.js';
import { segmentationObjective } from '../../src/segmentation/objective.js';
import { BATCH, CLASSES, CROP, segmentationConfigOf } from '../support/label-maps.js';

const PIXELS = CROP * CROP;

/** A batch whose targets are a function of the pixel's index. */
function batchOf(target: (index: number) => number, size = BATCH): Batch {
  const targets = Uint8Array.from({ length: BATCH * PIXELS }, (_, i) => target(i));
  const counted = (image: number) =>
    targets.subarray(image * PIXELS, (image + 1) * PIXELS).filter((id) => id !== 255).length;
  return {
    images: bytes('images', [BATCH * PIXELS * 3]),
    color: Float32Array.from({ length: BATCH * 12 }, (_, i) => (i % 5 === 0 ? 1 : 0.1)),
    targets,
    labeled: Int32Array.from({ length: BATCH }, (_, image) => counted(image)),
    labels: new Int32Array(BATCH).fill(-1),
    indices: Int32Array.from({ length: BATCH }, (_, i) => 10 + i),
    size,
    number: 0,
    release: () => {},
  };
}

function engineOf(config = segmentationConfigOf()): Engine {
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [BATCH, 1] });
  engine.load(initialStateOf(engine.network, config.network, config.seed));
  return engine;
}

const RATES = { base: 0.05, classifier: 0.05 };

describe('a segmentation step', () => {
  it('adds a Dice term over the labeled pixels, and weighs classes', async () => {
    const lossOf = async (loss: object, batch: Batch) => {
      const config = { ...segmentationConfigOf(), loss: { ...segmentationConfigOf().loss, ...loss } };
      return (await engineOf(config).train(batch, { rates: RATES, update: 1, seed: 1 })).loss;
    };
    const batch = batchOf((i) => (i % 3 === 0 ? 255 : i % CLASSES));
    const plain = await lossOf({}, batch);
    const dice = (await lossOf({ dice: 2 }, batch)) - plain;
    expect(dice).toBeGreaterThan(0.2);
    expect(dice).toBeLessThan(2);
    expect(await lossOf({ class_weights: Array.from({ length: CLASSES }, () => 4) }, batch)).toBeCloseTo(
      plain,
      5,
    );
  });

  it('excludes ignored pixels', async () => {
    const upper = (i: number) => (i % PIXELS < PIXELS / 2 ? i % CLASSES : 255);
    const engine = engineOf();
    const { outputs, loss } = await engine.train(batchOf(upper), { rates: RATES, update: 1, seed: 1 });
    const { labeled, metrics } = new PixelMeter().add(outputs, batchOf(upper));
    expect(labeled).toBe((BATCH * PIXELS) / 2);
    expect(Number(outputs.correct?.[0])).toBeLessThanOrEqual(labeled);
    expect(metrics.accuracy).toBeCloseTo((100 * Number(outputs.correct?.[0])) / labeled, 10);
    const all = await engineOf().train(
      batchOf((i) => i % CLASSES),
      { rates: RATES, update: 1, seed: 1 },
    );
    expect(loss).not.toBe(all.loss);
  });

  it('counts the pixels of each label by predicted class in evaluation', async () => {
    const engine = engineOf();
    const batch = batchOf((i) => (i % 7 === 0 ? 255 : i % CLASSES));
    const { loss, outputs } = await engine.evaluate(batch, CROP);
    const matrix = Array.from(outputs.matrix ?? [], Number);
    const rows = Array.from({ length: CLASSES }, (_, label) =>
      matrix.slice(label * CLASSES, (label + 1) * CLASSES).reduce((sum, pixels) => sum + pixels, 0),
    );
    expect(rows).toEqual(
      rows.map((_, label) => batch.targets?.reduce((sum, id) => sum + Number(id === label), 0)),
    );
    const meter = new ConfusionMeter(CLASSES);
    const { labeled, metrics } = meter.add(outputs);
    expect(labeled).toBe(segmentationObjective.labeled(batch));
    const right = rows.reduce((sum, _, label) => sum + (matrix[label * CLASSES + label] ?? 0), 0);
    expect(metrics.accuracy).toBeCloseTo((100 * right) / labeled, 10);
    expect(meter.metrics).toEqual(metrics);
    expect(loss).toBeGreaterThan(0);
    meter.reset();
    expect(meter.metrics.miou).toBeNaN();
  });

  it('evaluates a smaller last batch', async () => {
    const engine = engineOf();
    const target = (i: number) => i % CLASSES;
    const { outputs } = await engine.evaluate(batchOf(target, 1), CROP);
    expect(new ConfusionMeter(CLASSES).add(outputs).labeled).toBe(PIXELS);
  });

  it('trains and evaluates crops that are not square', async () => {
    const input = { crop_train: [16, 64], crop_val: [16, 64] };
    const engine = engineOf(segmentationConfigOf({ input }));
    const batch = batchOf((i) => i % CLASSES);
    const { loss } = await engine.train(batch, { rates: RATES, update: 1, seed: 1 });
    expect(loss).toBeGreaterThan(0);
    const { outputs } = await engine.evaluate(batch, [16, 64]);
    expect(new ConfusionMeter(CLASSES).add(outputs).labeled).toBe(BATCH * PIXELS);
  });

  it.each([
    ['without labels', 255, {}],
    ['of classes of weight 0', 0, { class_weights: [0, 1, 1, 1] }],
  ])('learns nothing from a batch %s, and continues', async (_, label, loss) => {
    const config = segmentationConfigOf();
    const engine = engineOf({ ...config, loss: { ...config.loss, ...loss } });
    const before = engine.store.stateDict('parameter', 'buffer', 'optimizer');
    const batch = batchOf(() => label);
    const result = await engine.train(batch, { rates: RATES, update: 1, seed: 1 });
    expect(result).toEqual({ loss: Number.NaN, outputs: { labeled: [0] } });
    for (const meter of [new PixelMeter(), new ClassificationMeter()]) {
      const { labeled, metrics } = meter.add(result.outputs, batch, 0);
      expect(labeled).toBe(0);
      for (const value of Object.values(metrics)) expect(value).toBeNaN();
    }
    expect(engine.store.stateDict('parameter', 'buffer', 'optimizer')).toEqual(before);
    await expect(
      engine.train(
        batchOf((i) => i % CLASSES),
        { rates: RATES, update: 2, seed: 1 },
      ),
    ).resolves.toBeDefined();
  });

  it('has a separate rate for head and classifier', async () => {
    const engine = engineOf();
    const before = engine.store.stateDict('parameter');
    await engine.train(
      batchOf((i) => i % CLASSES),
      { rates: { base: 0, classifier: 0.1 }, update: 1, seed: 1 },
    );
    for (const [name, { data }] of before) {
      const changed = engine.store.read(name).data;
      if (name.startsWith('body.')) expect(changed, name).toEqual(data);
      if (name === 'cls.bias' || name === 'head.map_bn.bias') expect(changed, name).not.toEqual(data);
    }
  });

  it('uses the labels of a batch without copying', () => {
    const batch = batchOf((i) => i % CLASSES, 1);
    const labels = segmentationObjective.labelArray(batch, { batch: 1, crop: CROP });
    expect(labels.buffer).toBe(batch.targets?.buffer);
    expect(labels.length).toBe(PIXELS);
    expect(segmentationObjective.labeled(batch)).toBe(PIXELS);
  });
});
