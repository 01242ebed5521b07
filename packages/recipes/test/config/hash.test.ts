import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import { configHash, hasHash } from '../../src/config/hash.js';

const hashOf = (config: object) => configHash(resolveConfig(config, 'config.json'));
const SEGMENTATION = { task: 'segmentation', network: { classes: 19 }, segmentation: { size: 512 } };
const RECIPE = {
  network: { arch: 'resnet50', bn_mode: 'inplace', activation: 'leaky_relu' },
  optimizer: { batch_size: 512, schedule: { type: 'step', params: { step_size: 30 } } },
};

describe('the digest of a configuration', () => {
  // Saved run states hold these digests, so they must not change when the configuration gains keys.
  it.each([
    ['no key', {}, 'f493888cfc60ca30'],
    ['a recipe', RECIPE, 'b8d19b7f3e3850ea'],
    ['segmentation', SEGMENTATION, '7f720b64a24c581f'],
  ])('of %s does not change with new keys', (_, config, digest) => {
    expect(hashOf(config)).toBe(digest);
  });

  it('is the same with defaults written out', () => {
    const written = {
      ...RECIPE,
      optimizer: { ...RECIPE.optimizer, momentum: 0.9, betas: [0.9, 0.999] },
      loss: { label_smoothing: 0 },
      ema: {},
      seed: 0,
    };
    expect(hashOf(written)).toBe(hashOf(RECIPE));
  });

  it('depends on every value that is not a default, and not on the memory budget', () => {
    const others = [
      { ...RECIPE, seed: 1 },
      { ...RECIPE, loss: { label_smoothing: 0.1 } },
      { ...RECIPE, network: { ...RECIPE.network, width: 2 } },
      { ...RECIPE, optimizer: { ...RECIPE.optimizer, betas: [0.9, 0.99] } },
      { ...RECIPE, optimizer: { batch_size: 512, schedule: { type: 'step', params: { step_size: 20 } } } },
      { ...RECIPE, optimizer: { batch_size: 512 } },
      SEGMENTATION,
    ];
    const hashes = [RECIPE, ...others].map(hashOf);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashOf({ ...RECIPE, memory_budget: '2GB' })).toBe(hashes[0]);
  });

  it('is also recognized in the form of 0.1.0, which hashed the whole file', () => {
    const config = resolveConfig({ ...RECIPE, memory_budget: '2GB' }, 'config.json');
    const { memory_budget: _, data: __, ...older } = config;
    const expected = createHash('sha256').update(JSON.stringify(older)).digest('hex').slice(0, 16);
    expect(hasHash(expected, config, { ...older, memory_budget: -1 })).toBe(true);
    expect(hasHash(expected, config, { ...older, seed: 1 })).toBe(false);
    expect(hasHash(configHash(config), config, config)).toBe(true);
  });
});
