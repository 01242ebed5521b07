/** The published experiments: their values, and a training step of each network as published. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import {
  ARCHITECTURES,
  Engine,
  initialStateOf,
  loadConfig,
  planPerDevice,
  resolveConfig,
  type TrainConfig,
} from '@inplace-abn/train';
import { describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../experiments/', import.meta.url));

const STEP = { type: 'step', mode: 'epoch', epochs: 90, params: { step_size: 30, gamma: 0.1 } };
const LINEAR = { type: 'linear', mode: 'step', epochs: 90, params: { alpha: -2.222e-6, beta: 1 } };

/** Name: architecture, bn_mode, input_3x3, batch, learning rate, schedule. */
const PUBLISHED = {
  resnext101_stdbn_lr_256: ['resnext101', 'standard', true, 256, 0.1, STEP],
  resnext101_ipabn_lr_512: ['resnext101', 'inplace', true, 512, 0.1, STEP],
  'resnext101_ipabn-sync_lr_256': ['resnext101', 'sync', true, 256, 0.1, STEP],
  resnext152_ipabn_lr_256: ['resnext152', 'inplace', true, 256, 0.1, STEP],
  wider_resnet38_ipabn_lr_256: ['wider_resnet38', 'inplace', true, 256, 0.1, LINEAR],
  densenet264_ipabn_lr_256: ['densenet264', 'inplace', true, 256, 0.1, STEP],
  'resnet34_ipabn-sync_lr_512': ['resnet34', 'sync', false, 512, 0.2, STEP],
  'resnet50_ipabn-sync_lr_512': ['resnet50', 'sync', false, 512, 0.2, STEP],
  'resnet101_ipabn-sync_lr_512': ['resnet101', 'sync', false, 512, 0.2, STEP],
} as const;

const [BATCH, CROP] = [2, 32];

const load = (name: string) => loadConfig(`${FOLDER}${name}.json`, { architectures: ARCHITECTURES });

function smallBatch() {
  return {
    images: new Uint8Array(BATCH * CROP * CROP * 3).map((_, i) => (i * 37) % 251),
    color: Float32Array.from({ length: BATCH * 12 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
    targets: null,
    labels: Int32Array.from({ length: BATCH }, (_, i) => i),
    indices: new Int32Array(BATCH),
    size: BATCH,
    number: 0,
    release: () => {},
  };
}

/** The published network at two images of 32 pixels. Uniform weights, because they are drawn in a third of the time. */
function shrunk(config: TrainConfig): TrainConfig {
  return {
    ...config,
    network: { ...config.network, weight_init: 'xavier_uniform' },
    optimizer: { ...config.optimizer, batch_size: BATCH },
    input: { ...config.input, crop_train: CROP, crop_val: CROP },
  };
}

describe('the published experiments', () => {
  it('are all there', async () => {
    const files = (await readdir(FOLDER)).filter((file) => /_lr_\d+\.json$/.test(file));
    expect(files.sort()).toEqual(
      Object.keys(PUBLISHED)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });

  it.each(Object.entries(PUBLISHED))('%s has the published values', async (name, published) => {
    const [arch, bn_mode, input_3x3, batch_size, learning_rate, schedule] = published;
    const common = {
      network: { activation: 'leaky_relu', activation_param: 0.01 },
      optimizer: { clip: 0, nesterov: true },
      input: { color_jitter_train: true, lighting_train: true },
    };
    const expected = {
      network: { ...common.network, arch, bn_mode, input_3x3 },
      optimizer: { ...common.optimizer, batch_size, learning_rate, schedule },
      input: common.input,
    };
    expect(await load(name)).toEqual(resolveConfig(expected, name, { architectures: ARCHITECTURES }));
  });
});

describe('a training step of', { timeout: 120_000 }, () => {
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
    // The classifier starts near zero, so the first loss is that of a guess among 1000 classes.
    expect(Math.abs(loss - Math.log(1000))).toBeLessThan(1);
    expect(engine.store.read('classifier.fc.bias').data).not.toEqual(before);
  });
});

describe('docs/experiments.md', { timeout: 240_000 }, () => {
  /** Numbers of the table's rows, by experiment and devices. */
  async function documented(): Promise<Map<string, number[]>> {
    const text = await readFile(new URL('../../../docs/experiments.md', import.meta.url), 'utf8');
    const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const planned = rows.filter(([, name = '', devices = '']) => name in PUBLISHED && /^\d+$/.test(devices));
    return new Map(
      planned.map(([, name, ...cells]) => [`${name} ${cells[0]}`, cells.slice(1, -1).map(Number)]),
    );
  }

  it.each(Object.keys(PUBLISHED))('has the planned memory of %s', async (name) => {
    const table = await documented();
    for (const { devices, report } of planPerDevice(name, await load(name), [4, 8, 16], cpu())) {
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
      // Kernels of other processors may want their operands otherwise.
      for (const [written = Number.NaN, bytes = Number.NaN] of pairs) {
        expect(Math.abs(written / (bytes / 2 ** 20) - 1)).toBeLessThan(0.02);
      }
      expect(share).toBeCloseTo(report.bytes.activations / report.ordinary.activations, 1);
    }
  });

  it.each([
    ['resnext101_ipabn_lr_512', 0.5],
    ['resnext101_ipabn-sync_lr_256', 0.5],
    ['wider_resnet38_ipabn_lr_256', 0.45],
  ])('%s needs at most %s of the activations of ordinary batch norm', async (name, most) => {
    const [row] = planPerDevice(name, await load(name), [16], cpu());
    const { bytes, ordinary } = row?.report ?? expect.fail('no plan');
    expect(bytes.activations / ordinary.activations).toBeLessThanOrEqual(most);
  });
});
