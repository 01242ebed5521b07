/** The configuration's `augmentation` section: its effect on batches, and the values it refuses. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, imageFolder } from '../../../train/test/support/images.js';
import { resolveConfig, type TrainConfig, taskOf } from '../../src/index.js';
import { rawConfig } from '../support/runs.js';

type Section = Partial<TrainConfig['augmentation']>;

const configOf = (augmentation: Section) => resolveConfig({ ...rawConfig(), augmentation }, 'c.json');

describe('augmentation', () => {
  let data: string;
  let plain: string[];
  beforeAll(async () => {
    data = await imageFolder();
    plain = await images({});
  });

  /** Pixels and color matrix of each image of the first batch of an epoch. */
  async function images(section: Section, part: 'train' | 'val' = 'train', workers = 1): Promise<string[]> {
    const opened = await taskOf(configOf(section)).openData(data, { workers });
    for await (const { images: pixels, color, release } of opened[part].epoch(0)) {
      const bytes = pixels.length / 8;
      const found = Array.from({ length: 8 }, (_, i) =>
        [...pixels.subarray(bytes * i, bytes * (i + 1)), ...color.subarray(12 * i, 12 * (i + 1))].join(),
      );
      release();
      return found;
    }
    return expect.fail('no batch');
  }

  const changed = (found: readonly string[], base: readonly string[] = plain) =>
    found.filter((image, i) => image !== base[i]).length;

  it.each<[string, Section, Section]>([
    ['rand_augment', { rand_augment: true }, {}],
    ['rand_augment_ops', { rand_augment: true, rand_augment_ops: 4 }, { rand_augment: true }],
    ['rand_augment_magnitude', { rand_augment: true, rand_augment_magnitude: 20 }, { rand_augment: true }],
    ['trivial_augment', { trivial_augment: true }, {}],
    ['interpolation', { rand_augment: true, interpolation: 'nearest' }, { rand_augment: true }],
    ['random_erasing', { random_erasing: 1 }, {}],
    ['random_erasing_mode', { random_erasing: 1, random_erasing_mode: 'pixel' }, { random_erasing: 1 }],
  ])('%s changes training images', async (_, section, base) => {
    expect(changed(await images(section), await images(base))).toBeGreaterThan(0);
  });

  it('does not change validation', async () => {
    const all: Section = { rand_augment: true, random_erasing: 1 };
    expect(await images(all, 'val')).toEqual(await images({}, 'val'));
  });

  it('is the same with any number of threads', async () => {
    const all: Section = { trivial_augment: true, random_erasing: 0.5, random_erasing_mode: 'pixel' };
    expect(await images(all, 'train', 2)).toEqual(await images(all, 'train', 1));
  });

  it.each<[object, string]>([
    [{ rand_augment_magnitude: 31 }, 'augmentation.rand_augment_magnitude: expected an integer from 0 to 30'],
    [{ random_erasing: 2 }, 'augmentation.random_erasing: expected a number from 0 to 1, received 2'],
    [{ random_erase: 0.1 }, 'augmentation.random_erase: unknown key; did you mean "random_erasing"?'],
    [
      { rand_augment: true, trivial_augment: true },
      'augmentation.trivial_augment: expected false with augmentation.rand_augment, received true: choose one of them',
    ],
  ])('refuses %j', (augmentation, message) => {
    expect(() => resolveConfig({ ...rawConfig(), augmentation }, 'c.json')).toThrow(message);
  });

  it('is refused for segmentation', () => {
    const raw = { task: 'segmentation', network: { classes: CLASSES.length } };
    expect(() => resolveConfig({ ...raw, augmentation: { rand_augment: true } }, 'c.json')).toThrow(
      'augmentation.rand_augment: has no meaning with task "segmentation"',
    );
  });
});
