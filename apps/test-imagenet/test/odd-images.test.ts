/**
 * The built program, started like by PyTorch's launcher, on images that are partly damaged or too large: it
 * still writes the page and the final line.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { expect, it } from 'vitest';
import { tallJpeg } from '../../../packages/data/test/images.js';
import { run } from '../../../packages/recipes/test/support/programs.js';
import { configOf, rawConfig, runTraining } from '../../../packages/recipes/test/support/runs.js';
import { CLASSES, imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';

it('test-imagenet shows wrong images that are damaged outside the crop, and names the option for large ones', async () => {
  const [data, folder] = [await imageFolder(), await temporaryFolder()];
  const [config, html, logDir] = [
    join(folder, 'config.json'),
    join(folder, 'page.html'),
    join(folder, 'run'),
  ];
  await writeFile(config, JSON.stringify(rawConfig()));
  await runTraining({ config: configOf(), data, logDir, maxSteps: 1 });
  const whole = await tallJpeg();
  const damaged = Buffer.concat([whole.subarray(0, 0.9 * whole.length), Buffer.of(0xff, 0xd9)]);
  // The same image in all classes is wrong in all but one.
  for (const name of CLASSES) {
    await mkdir(join(folder, 'val', name), { recursive: true });
    await writeFile(join(folder, 'val', name, 'damaged.jpg'), damaged);
  }
  const [width, height] = [200, 100];
  const large = join(folder, 'val', 'red', 'large.png');
  await writeFile(large, encode({ width, height, channels: 1, data: new Uint8Array(width * height) }));

  const options = ['--local_rank=0', '--dist-backend', 'gloo', '--html', html, '--max-pixels', '19999'];
  const ended = await run('test-imagenet', 'main', config, join(logDir, 'checkpoints'), folder, ...options);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^error: 1 image cannot be read and/);
  expect(ended.stdout).toContain(
    `cannot read ${large}: it has 200×100 pixels, more than maxPixels, 19999: make it smaller or raise maxPixels (--max-pixels sets maxPixels); it is not counted`,
  );
  expect(ended.stdout).toMatch(/^top-1 33\.33 % .* images 3$/m);
  expect(ended.stdout.endsWith(`wrote ${html}\n`)).toBe(true);
  const page = await readFile(html, 'utf8');
  expect(page.match(/<figure>/g)).toHaveLength(2);
  expect(page.match(/<figure>.*?(cannot be shown: [^<]|<img )/gs)).toHaveLength(2);
});
