/** Configurations that commands only look at. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { configToShow } from '../src/shown-config.js';

const NO_EFFECT = 'ema.every: has no effect without ema.decay';

async function written(folder: string, name: string, raw: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(raw));
  return path;
}

it('may have keys without effect if they are of a run', async () => {
  const run = await newFolder('shown');
  const path = await written(run, 'config.json', { ema: { every: 2 } });
  await expect(configToShow(path, [])).rejects.toThrow(NO_EFFECT);
  await mkdir(join(run, 'checkpoints'));
  const config = await configToShow(path, [{ path: ['seed'], value: 3 }]);
  expect(config).toMatchObject({ ema: { every: 2 }, seed: 3 });
  const next = await written(run, 'next.json', { ema: { every: 2 } });
  await expect(configToShow(next, [])).rejects.toThrow(NO_EFFECT);
});

it('are checked with their overrides, as in training', async () => {
  const path = await written(await newFolder('shown'), 'photos.json', { data: { cache_limit: '1GB' } });
  await expect(configToShow(path, [])).rejects.toThrow('data.cache_limit: has no effect without data.cache');
  const { data } = await configToShow(path, [{ path: ['data', 'cache'], value: 'ram' }]);
  expect(data.cache).toBe('ram');
  await expect(configToShow(path, [{ path: ['data', 'cache'], value: 3 }])).rejects.toThrow(path);
});
