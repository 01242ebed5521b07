/**
 * Losses, mixup and cutmix, gradient accumulation and weight averages: one or two steps of a small network.
 */
import { cpu } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import { describe, expect, it } from 'vitest';
import { learningRateOf } from '../../src/engine/learning-rate.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';
import { distance, firstMove, norm, twoSteps, values } from './two-steps.js';

/** The first step's loss, at the same weights. */
async function lossOf(sections: Parameters<typeof configOf>[0], batch: Batch = sampleBatch()) {
  const config = configOf({ network: { bn_mode: 'standard', activation: 'relu' }, ...sections });
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
  engine.load(initialStateOf(engine.network, config.network, config.seed));
  const rates = learningRateOf(config.optimizer, 1)(0, 0);
  const { loss } = await engine.train(batch, { rates, update: 1, seed: 1 });
  return loss;
}

describe('the loss of a configuration', () => {
  it('is the binary cross entropy over all classes, with targets above a threshold or unchanged', async () => {
    const bce = await lossOf({ loss: { type: 'bce' } });
    expect(bce).toBeGreaterThan(0.3);
    expect(bce).toBeLessThan(1.2);
    const smooth = await lossOf({ loss: { type: 'bce', label_smoothing: 0.3 } });
    expect(smooth).not.toBeCloseTo(bce, 4);
    const again = await lossOf({ loss: { type: 'bce', label_smoothing: 0.3, bce_threshold: 0.5 } });
    expect(again).toBeCloseTo(bce, 6);
  });

  it('weighs classes; weights of 1 change nothing', async () => {
    const plain = await lossOf({});
    expect(await lossOf({ loss: { class_weights: [1, 1, 1] } })).toBeCloseTo(plain, 6);
    expect(await lossOf({ loss: { class_weights: [3, 1, 0.5] } })).not.toBeCloseTo(plain, 4);
  });

  it('is lower if well-classified images are weighted down', async () => {
    expect(await lossOf({ loss: { type: 'focal' } })).toBeLessThan(await lossOf({ loss: { type: 'bce' } }));
  });

  it('of a mixed batch combines both labels', async () => {
    const batch = sampleBatch();
    const { size } = batch;
    const partners = Int32Array.from({ length: size }, (_, row) => (row + size - 1) % size);
    const boxes = new Int32Array(4 * size);
    const mixed = (lambda: number) => ({
      ...batch,
      mix: { partners, boxes, lambda: new Float32Array(size).fill(lambda) },
    });
    const sections = { mix: { mixup: 0.2 } };
    const plain = await lossOf({});
    expect(await lossOf(sections, batch)).toBeCloseTo(plain, 5);
    expect(await lossOf(sections, mixed(1))).toBeCloseTo(plain, 5);
    // Each image is replaced by its partner: the same batch in another order.
    expect(await lossOf(sections, mixed(0))).toBeCloseTo(plain, 4);
    expect(await lossOf(sections, mixed(0.4))).not.toBeCloseTo(plain, 4);
  });
});

describe('the parts of an accumulated batch', () => {
  // Each part normalizes by its own statistics; with frozen ones, the parts' gradients sum to the batch's.
  const sections = (accumulate: number, frozen_statistics: boolean) => ({
    optimizer: { momentum: 0, clip: 0, weight_decay: 0, accumulate, frozen_statistics },
    network: { bn_mode: 'standard', activation: 'relu' },
  });

  it('give the update of the whole batch', async () => {
    const [whole, parts] = [await twoSteps(sections(1, true)), await twoSteps(sections(3, true))];
    for (const [step, loss] of whole.losses.entries()) {
      expect(Math.abs((parts.losses[step] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-4);
    }
    for (const name of ['mod1.conv1.weight', 'mod3.block1.convs.bn1.weight', 'fc.weight', 'fc.bias']) {
      const [move, expected] = [firstMove(parts, name), firstMove(whole, name)];
      expect(norm(expected), name).toBeGreaterThan(0);
      expect(distance(move, expected), name).toBeLessThan(1e-4);
    }
    expect(distance(firstMove(parts), firstMove(whole))).toBeLessThan(1e-4);
  });

  it('normalize by separate statistics', async () => {
    const [whole, parts] = [await twoSteps(sections(1, false)), await twoSteps(sections(3, false))];
    expect(distance(firstMove(parts), firstMove(whole))).toBeGreaterThan(1e-2);
  });
});

describe('averages of the weights', () => {
  it('start at the first update and then move slowly', async () => {
    const { parameters, optimizer } = await twoSteps({ ema: { decay: 0.9 } });
    const name = 'fc.weight';
    const [, one, two] = parameters.map((states) => values(states, name));
    const average = values(optimizer, `${name}.ema`);
    const expected = (one ?? average).map((value, i) => 0.9 * value + 0.1 * (two?.[i] ?? Number.NaN));
    expect(average.length).toBeGreaterThan(0);
    expect(distance(average, expected)).toBeLessThan(1e-6);
    expect([...optimizer.keys()].filter((key) => key.endsWith('running_var.ema')).length).toBeGreaterThan(5);
  });
});

describe('learning rates of layers and groups', () => {
  const plain = { momentum: 0, clip: 0, weight_decay: 0 };

  it('decrease from the last layer to the first', async () => {
    const whole = await twoSteps({ optimizer: plain });
    const decayed = await twoSteps({ optimizer: { ...plain, layer_decay: 0.5 } });
    const ratio = (name: string) => {
      const [a, b] = [firstMove(decayed, name), firstMove(whole, name)];
      return Math.hypot(...a) / Math.hypot(...b);
    };
    expect(ratio('fc.weight')).toBeCloseTo(1, 4);
    // Eight blocks between the stem and the classifier.
    expect(ratio('mod1.conv1.weight')).toBeCloseTo(0.5 ** 9, 5);
    expect(ratio('mod2.block1.convs.conv1.weight')).toBeCloseTo(0.5 ** 8, 5);
  });

  it('are those of the first group that matches a parameter', async () => {
    const groups = [
      { parameters: ['classifier'], rate_factor: 3 },
      { parameters: ['*.weight'], rate_factor: 0 },
    ];
    const [whole, grouped] = [
      await twoSteps({ optimizer: plain }),
      await twoSteps({ optimizer: { ...plain, groups } }),
    ];
    expect(
      distance(
        firstMove(grouped, 'fc.weight'),
        firstMove(whole, 'fc.weight').map((v) => 3 * v),
      ),
    ).toBeLessThan(1e-4);
    expect(Math.hypot(...firstMove(grouped, 'mod1.conv1.weight'))).toBe(0);
  });

  it('name a group that matches no parameter', async () => {
    const groups = [{ parameters: ['nowhere'] }];
    await expect(twoSteps({ optimizer: { groups } })).rejects.toThrow(
      'optimizer.groups[0].parameters: nothing is named nowhere',
    );
  });
});
