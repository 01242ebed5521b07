import { fileURLToPath } from 'node:url';
import { loadConfig, resolveConfig } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { helpingParts, NAMES, PARTS, partOf, plainOf } from '../lib/recipe-parts.mjs';

const DEMO = fileURLToPath(
  new URL('../../apps/train-imagenet/experiments/demo_fashion_mnist.json', import.meta.url),
);

describe('the parts of a recipe', () => {
  it('are configurations that train, each with a change of its own', async () => {
    const plain = plainOf(await loadConfig(DEMO));
    const all = PARTS.map(({ name }) => name);
    const texts = NAMES.map((name) => {
      const config = partOf(plain, name, ['cosine', 'smoothing', 'ema']);
      expect(resolveConfig(JSON.parse(JSON.stringify(config)), name)).toEqual(config);
      return JSON.stringify(config);
    });
    expect(new Set(texts).size).toBe(NAMES.length);
    const together = partOf(plain, 'together-ordinary-bn', all);
    expect(together).toMatchObject({ network: { bn_mode: 'standard' }, loss: { label_smoothing: 0.1 } });
    expect(together.optimizer).toMatchObject({ type: 'AdamW', schedule: { type: 'cosine', epochs: 12 } });
  });

  it('are together if they help, and of alternatives the better one', () => {
    const gains = {
      cosine: 0.4,
      smoothing: 0.05,
      ema: 0.1,
      mixup: 0.2,
      cutmix: 0.3,
      erasing: -0.2,
      adamw: Number.NaN,
    };
    expect(helpingParts((name) => gains[name])).toEqual(['cosine', 'ema', 'cutmix']);
  });
});
