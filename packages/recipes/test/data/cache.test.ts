/** The cache of decoded images that a configuration names. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { configHash } from '../../src/config/hash.js';
import { openCache } from '../../src/data/cache.js';
import { resolveConfig, type TrainConfig, taskOf } from '../../src/index.js';
import { labeledFolder, rawSegmentation } from '../support/label-maps.js';

const configOf = (data: object) => resolveConfig({ ...rawSegmentation(), data }, 'test.json');

async function batchesOf(dir: string, config: TrainConfig, once = false) {
  const data = await taskOf(config).openData(dir, { workers: 1, once });
  const found: string[] = [];
  for (const epoch of [0, 1]) {
    for await (const { images, release } of data.train.epoch(epoch)) {
      found.push(Buffer.from(images).toString('base64'));
      release();
    }
  }
  return { found, notes: data.notes };
}

describe('data.cache', () => {
  it('changes neither the batches nor the identity of a run', async () => {
    const dir = await labeledFolder();
    const plain = configOf({});
    const expected = await batchesOf(dir, plain);
    const ram = configOf({ cache: 'ram', cache_limit: '1MB' });
    const cached = await batchesOf(dir, ram);
    expect(cached.found).toEqual(expected.found);
    expect(cached.notes).toEqual([
      ...expected.notes,
      `decoded images are kept in memory, at most ${formatBytes(1_000_000)}`,
    ]);
    expect(configHash(ram)).toBe(configHash(plain));
    expect(configHash(configOf({ layout: 'voc' }))).not.toBe(configHash(plain));
  });

  it('is relative to the data folder, and is not created if each image is read only once', async () => {
    const dir = await labeledFolder();
    const config = configOf({ cache: 'decoded' });
    await batchesOf(dir, config, true);
    expect(await readdir(dir)).not.toContain('decoded');
    expect((await batchesOf(dir, config)).notes.at(-1)).toMatch(
      new RegExp(`^decoded images are kept in ${join(dir, 'decoded')}: 0 images, 0 B of at most \\d`),
    );
  });

  it('is divided between processes', async () => {
    const keys = { cache: 'ram', cache_limit: 3_000_000 };
    const { cache, notes } = await openCache(await temporaryFolder(), keys, { rank: 1, size: 3 });
    expect(cache?.limit).toBe(1_000_000);
    expect(notes).toEqual([
      `decoded images are kept in memory, at most ${formatBytes(1_000_000)} in each process`,
    ]);
  });
});
