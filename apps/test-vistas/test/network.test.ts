import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { networkFor } from '../src/network.js';

it('the configuration says how labels are named and counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'test-vistas-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config.json');
  const network = { arch: 'resnet18', bn_mode: 'inplace', activation: 'leaky_relu', classes: 4, width: 0.1 };
  const segmentation = { ignore_index: 0, image_suffix: '_photo', label_suffix: '_ids' };
  await writeFile(path, JSON.stringify({ task: 'segmentation', network, segmentation }));
  const { labelling } = await networkFor(path, undefined);
  expect(labelling).toEqual({ ignoreIndex: 0, imageSuffix: '_photo', labelSuffix: '_ids' });
});

it('the published network does not count Unlabeled', async () => {
  const { labelling, classes } = await networkFor(undefined, undefined);
  expect([classes.length, labelling]).toEqual([65, { ignoreIndex: 65 }]);
});
