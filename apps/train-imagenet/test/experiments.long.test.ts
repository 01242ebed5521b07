/**
 * The published experiments: a training step of each network as published, and the memory that the
 * documentation states.
 */
import { readFile } from 'node:fs/promises';
import { cpu } from '@inplace-abn/core';
import { type Batch, mixing } from '@inplace-abn/data';
import { Engine, initialStateOf, type TrainConfig } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { planPerDevice } from '../src/plan/plan-table.js';
import { load, PUBLISHED, RECENT } from './support/published.js';

const [BATCH, CROP] = [2, 32];

function smallBatch() {
  return {
    images: new Uint8Array(BATCH * CROP * CROP * 3).map((_, i) => (i * 37) % 251),
    color: Float32Array.from({ length: BATCH * 12 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
    targets: null,
    labeled: null,
    labels: Int32Array.from({ length: BATCH }, (_, i) => i),
    indices: new Int32Array(BATCH),
    size: BATCH,
    number: 0,
    release: () => {},
  };
}

/**
 * The published network with two images of 32 pixels. Its weights are uniform, which are drawn in a third of
 * the time.
 */
function shrunk(config: TrainConfig): TrainConfig {
  return {
    ...config,
    network: { ...config.network, weight_init: 'xavier_uniform' },
    optimizer: { ...config.optimizer, batch_size: BATCH },
    input: { ...config.input, crop_train: CROP, crop_val: CROP },
  };
}

describe('a training step of', () => {
  it.each(Object.keys(PUBLISHED))('%s', async (name) => {
    const config = shrunk(await load(name));
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(initialStateOf(engine.network, config.network, config.seed));
    const before = engine.store.read('classifier.fc.bias').data;
    const { loss } = await engine.train(smallBatch(), {
      rates: { base: 0.1, classifier: 0.1 },
      update: 1,
      seed: 1,
    });
    // The classifier starts near zero, so the first loss is that of guessing among 1000 classes.
    expect(Math.abs(loss - Math.log(1000))).toBeLessThan(1);
    expect(engine.store.read('classifier.fc.bias').data).not.toEqual(before);
  });
});

/** Numbers of devices that an experiment is planned for. */
const PLANNED: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(Object.keys(PUBLISHED).map((name) => [name, [4, 8, 16]])),
  resnet50_a3: [64],
  resnet50_torchvision_v2: [32],
  tresnet_m: [16],
  fashion_recipe: [1],
};

/** Four images of 32 pixels in pairs, with the loader's draws of the configuration. */
function mixedBatch({ mix: { mixup, cutmix } }: TrainConfig): Batch {
  const batch = smallBatch();
  if (mixup === 0 && cutmix === 0) return batch;
  const { lambda, box } = mixing({ mixup, cutmix }).draw({
    seed: 1,
    epoch: 0,
    batch: 0,
    width: CROP,
    height: CROP,
  });
  expect(lambda).toBeLessThan(1);
  const rows = [...Array(BATCH).keys()];
  return {
    ...batch,
    mix: {
      partners: Int32Array.from(rows, (row) => (row + BATCH - 1) % BATCH),
      lambda: new Float32Array(BATCH).fill(lambda),
      boxes: Int32Array.from(rows.flatMap(() => box)),
    },
  };
}

describe('a training step with all options of', () => {
  it.each(Object.keys(RECENT))('%s', async (name) => {
    const config = shrunk(await load(name));
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(initialStateOf(engine.network, config.network, config.seed));
    const bias = engine.network.namedStates().findLast(({ kind }) => kind === 'parameter')?.name ?? 'none';
    expect(bias).toMatch(/fc\.bias$/);
    const before = engine.store.read(bias).data;
    const update = Math.max(1, config.ema.every);
    const { loss } = await engine.train(mixedBatch(config), {
      rates: { base: 0.1, classifier: 0.1 },
      update,
      seed: 1,
    });
    // The loss of a guess: log K for K classes, log 2 for each binary decision.
    const guess = config.loss.type === 'bce' ? Math.log(2) : Math.log(config.network.classes);
    expect(Math.abs(loss - guess)).toBeLessThan(1);
    const after = engine.store.read(bias).data;
    expect(after).not.toEqual(before);
    // The first update of an average copies the weights.
    if (config.ema.decay > 0) expect(engine.store.read(`${bias}.ema`).data).toEqual(after);
  });
});

describe('docs/experiments.md', () => {
  /** Numbers of the table's rows, by experiment and devices. */
  async function documented(): Promise<Map<string, number[]>> {
    const text = await readFile(new URL('../../../docs/experiments.md', import.meta.url), 'utf8');
    const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const planned = rows.filter(([, name = '', devices = '']) => name in PLANNED && /^\d+$/.test(devices));
    return new Map(
      planned.map(([, name, ...cells]) => [`${name} ${cells[0]}`, cells.slice(1, -1).map(Number)]),
    );
  }

  it.each(Object.entries(PLANNED))('has the planned memory of %s', async (name, counts) => {
    const table = await documented();
    for (const { devices, report } of planPerDevice(name, await load(name), counts, cpu())) {
      const row = table.get(`${name} ${devices}`) ?? expect.fail(`no row for ${devices} devices`);
      const [batch, weights, optimizer, , gradients, activations, ordinary, share] = row;
      expect(batch).toBe(report.batch);
      const pairs = [
        [weights, report.bytes.weights],
        [optimizer, report.bytes.optimizer],
        [gradients, report.ordinary.gradients],
        [activations, report.bytes.activations],
        [ordinary, report.ordinary.activations],
      ];
      // Kernels of another CPU may need other layouts, and the table has whole numbers.
      for (const [written = Number.NaN, bytes = Number.NaN] of pairs) {
        const mebibytes = bytes / 2 ** 20;
        expect(Math.abs(written - mebibytes)).toBeLessThan(0.5 + 0.02 * mebibytes);
      }
      expect(share).toBeCloseTo(report.bytes.activations / report.ordinary.activations, 1);
    }
  });

  it.each([
    ['resnext101_ipabn_lr_512', 0.5],
    ['resnext101_ipabn-sync_lr_256', 0.5],
    ['wider_resnet38_ipabn_lr_256', 0.45],
  ])('%s needs at most %s of the activation memory of ordinary batch norm', async (name, most) => {
    const [row] = planPerDevice(name, await load(name), [16], cpu());
    const { bytes, ordinary } = row?.report ?? expect.fail('no plan');
    expect(bytes.activations / ordinary.activations).toBeLessThanOrEqual(most);
  });
});
