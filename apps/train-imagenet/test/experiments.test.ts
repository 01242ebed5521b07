/** The published experiments have the published values, and so do the recipes of later years. */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { ARCHITECTURES } from '@inplace-abn/models';
import { resolveConfig } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { FOLDER, load, PUBLISHED, RECENT } from './support/published.js';

describe('the published experiments', () => {
  it('are complete', async () => {
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

it('every experiment is a valid configuration', async () => {
  const names = (await readdir(FOLDER)).map((file) => basename(file, '.json'));
  expect(names.length).toBeGreaterThan(18);
  for (const name of names) expect((await load(name)).network.arch, name).not.toBe('');
});

describe('the recipes of later years', () => {
  it.each(Object.entries(RECENT))(
    '%s has the published values, with in-place layers',
    async (name, recipe) => {
      const { network, optimizer, input } = await load(name);
      const { type, batch_size, learning_rate, schedule } = optimizer;
      const { crop_train, crop_val } = input;
      const { epochs } = schedule;
      expect([network.arch, type, batch_size, learning_rate, epochs, crop_train, crop_val]).toEqual(recipe);
      expect([network.bn_mode, network.activation, schedule.type]).toEqual([
        'inplace',
        'leaky_relu',
        'cosine',
      ]);
    },
  );

  it("have timm's and torchvision's losses, mixed images and averages", async () => {
    const [a3, v2] = [await load('resnet50_a3'), await load('resnet50_torchvision_v2')];
    expect([a3.loss.type, a3.mix.mixup, a3.mix.cutmix, a3.ema.decay]).toEqual(['bce', 0.1, 1, 0]);
    expect([v2.loss.label_smoothing, v2.mix.mixup, v2.mix.cutmix, v2.ema.every]).toEqual([0.1, 0.2, 1, 32]);
    // torchvision: 1 - (1 - decay) * world size * batch size * steps / epochs.
    expect(v2.ema.decay).toBeCloseTo(1 - ((1 - 0.99998) * 1024 * 32) / 600, 5);
  });
});
