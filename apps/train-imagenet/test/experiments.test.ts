/** The published experiments have the published values, as have the recipes of later years. */
import { readdir } from 'node:fs/promises';
import { ARCHITECTURES } from '@inplace-abn/models';
import { resolveConfig } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { FOLDER, load, PUBLISHED, RECENT } from './support/published.js';

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

describe('the recipes of later years', () => {
  it.each(Object.entries(RECENT))('%s has its values, in place', async (name, recipe) => {
    const { network, optimizer, input } = await load(name);
    const { type, batch_size, learning_rate, schedule } = optimizer;
    const { crop_train, crop_val } = input;
    const { epochs } = schedule;
    expect([network.arch, type, batch_size, learning_rate, epochs, crop_train, crop_val]).toEqual(recipe);
    expect([network.bn_mode, network.activation, schedule.type]).toEqual(['inplace', 'leaky_relu', 'cosine']);
  });
});
