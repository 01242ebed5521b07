/** Images with more pixels than the limit: the programs name the option that raises it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { expect, it } from 'vitest';
import { rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, SIDE, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { check } from '../src/data/check.js';
import { formatCheck } from '../src/data/format-check.js';
import { openParts } from '../src/data/parts.js';
import { run } from './support/programs.js';

const PIXELS = SIDE * SIDE;

it('training refuses images above the pixel limit, and accepts them with a higher one', async () => {
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
  const replayed = await run(
    'replay',
    join(folder, 'enough'),
    data,
    '--step',
    '1',
    '--max-pixels',
    `${PIXELS - 1}`,
  );
  expect(replayed.code).toBe(1);
  expect(replayed.stderr).toMatch(/^error: Cannot read the image .* \(--max-pixels sets maxPixels\)\n$/);
});

it('training counts the images above the pixel limit that it skips', async () => {
  const [data, folder] = [await imageFolder(), await temporaryFolder()];
  await writeFile(
    join(data, 'train', 'red', 'large.png'),
    encode({
      width: SIDE + 1,
      height: SIDE,
      channels: 3,
      depth: 8,
      data: new Uint8Array(3 * SIDE * (SIDE + 1)),
    }),
  );
  const config = join(folder, 'config.json');
  // All 61 images are in one batch, so that it contains the large one.
  const raw = rawConfig({
    optimizer: { batch_size: 61, schedule: { epochs: 1 } },
    input: { unreadable: 'skip' },
  });
  await writeFile(config, JSON.stringify(raw));
  const limit = ['--max-pixels', `${PIXELS}`];
  const { code, stdout } = await run('main', config, data, '--log-dir', join(folder, 'run'), ...limit);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^1 image that cannot be read was skipped so far, such as \S+large\.png: it has 21×20 pixels, .* \(--max-pixels sets maxPixels\)$/m,
  );
});

it('data check lists images above the pixel limit', async () => {
  const data = await imageFolder();
  const opened = await openParts(data, undefined);
  const text = formatCheck(await check(data, opened, { maxPixels: PIXELS - 1 }));
  expect(text).toContain('make it smaller or raise maxPixels (--max-pixels sets maxPixels)\n');
  expect((await check(data, opened, { maxPixels: PIXELS })).unreadable.count).toBe(0);
});
