/** Images of more pixels than the limit: the programs name the option that raises it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, SIDE, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { check } from '../src/data/check.js';
import { formatCheck } from '../src/data/format-check.js';
import { openParts } from '../src/data/parts.js';
import { run } from './support/programs.js';

const PIXELS = SIDE * SIDE;

it('a training refuses them, and trains with a higher limit', async () => {
  const [data, folder] = [await imageFolder(), await temporaryFolder()];
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify(rawConfig()));
  const train = (limit: number, name: string) =>
    run(
      'main',
      config,
      data,
      '--log-dir',
      join(folder, name),
      '--max-steps',
      '1',
      '--max-pixels',
      `${limit}`,
    );
  const [refused, trained] = await Promise.all([train(PIXELS - 1, 'few'), train(PIXELS, 'enough')]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^error: Cannot read the image \S+\.png: it has 20×20 pixels, more than maxPixels, 399: make it smaller or raise maxPixels\. Or set "unreadable": "skip" in the section input \(--max-pixels sets maxPixels\)\n$/,
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
});

it('a check of the data lists them', async () => {
  const data = await imageFolder();
  const opened = await openParts(data, undefined);
  const text = formatCheck(await check(data, opened, { maxPixels: PIXELS - 1 }));
  expect(text).toContain('make it smaller or raise maxPixels (--max-pixels sets maxPixels)\n');
  expect((await check(data, opened, { maxPixels: PIXELS })).unreadable.count).toBe(0);
});
