import { fileURLToPath } from 'node:url';
import { loadConfig, resolveConfig } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { NAMES, partOf, plainOf } from '../lib/recipe-parts.mjs';

/** @param {string} name */
const experiment = (name) =>
  fileURLToPath(new URL(`../../apps/train-imagenet/experiments/${name}.json`, import.meta.url));
const [DEMO, RECIPE] = [experiment('demo_fashion_mnist'), experiment('fashion_recipe')];

describe('the parts of a recipe', () => {
  it('are configurations that train, each with one change', async () => {
    const plain = plainOf(await loadConfig(DEMO));
    const texts = NAMES.map((name) => {
      const config = partOf(plain, name);
      expect(resolveConfig(JSON.parse(JSON.stringify(config)), name)).toEqual(config);
      return JSON.stringify(config);
    });
    expect(new Set(texts).size).toBe(NAMES.length);
    const together = partOf(plain, 'together-ordinary-bn');
    expect(together).toMatchObject({
      network: { bn_mode: 'standard' },
      optimizer: { schedule: { type: 'cosine', epochs: 12 } },
      input: { crop_train: 28 },
    });
  });

  it("add up to the experiment's recipe", async () => {
    const together = partOf(plainOf(await loadConfig(DEMO)), 'together');
    expect(together).toEqual(await loadConfig(RECIPE));
  });
});
