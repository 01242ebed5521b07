/** A test on multi-label images, compared with the validation of their training. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  labelSetConfig,
  labelSetFolder,
  NAMES,
  VAL,
} from '../../../../packages/recipes/test/support/label-sets.js';
import { Output, runTraining } from '../../../../packages/recipes/test/support/runs.js';
import { temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { peersInProcess } from '../../../../packages/train/test/support/peers.js';
import { labelLines } from '../../src/evaluation/label-run.js';
import { resultJson } from '../../src/evaluation/result.js';
import { type TestOptions, testNetwork } from '../../src/evaluation/test-network.js';
import { renderLabelPage } from '../../src/page/labels.js';

const config = labelSetConfig({ optimizer: { schedule: { epochs: 1 } } });
let data: string;
let run: Awaited<ReturnType<typeof runTraining>>;
let checkpoint: string;
beforeAll(async () => {
  data = await labelSetFolder();
  const logDir = join(await temporaryFolder(), 'run');
  run = await runTraining({ config, data, logDir });
  checkpoint = join(logDir, 'checkpoints');
});

async function test(options: Partial<TestOptions> = {}) {
  const common = { config, checkpoint, data, device: cpu(), workers: 1, printFreq: 1, stream: new Output() };
  const preparation = { crop: config.input.crop_val, scale: config.input.scale_val, tenCrops: false };
  const { result, stopped } = await testNetwork({ ...common, ...preparation, ...options });
  if (!result || !('labels' in result)) throw new Error(`stopped by ${stopped}`);
  return result;
}

describe('a test on multi-label images', () => {
  it('gives the result of validation, with one process and two', async () => {
    const result = await test();
    const { validation } = run;
    expect(result.map).toBeCloseTo(validation?.map ?? Number.NaN, 9);
    expect(result.f1).toBeCloseTo(validation?.f1 ?? Number.NaN, 9);
    expect(result.loss).toBeCloseTo(validation?.loss ?? Number.NaN, 5);
    expect(result.labels.map(({ ap }) => ap)).toEqual(validation?.ap);
    expect(result.labels.map(({ name, images }) => [name, images])).toEqual(NAMES.map((name) => [name, 3]));
    expect(result.images).toBe(VAL);
    const together = await Promise.all(peersInProcess(2).map((peers) => test({ peers, batchSize: 4 })));
    for (const { map, labels, images } of together) {
      expect({ map, labels, images }).toEqual({ map: result.map, labels: result.labels, images: VAL });
    }
    expect(labelLines(result)[0]).toMatch(/^left: AP \d+\.\d\d %, 3 images$/);
    expect(resultJson(result)).toMatchObject({
      map: result.map,
      crops: 1,
      classes: [{ name: 'left' }, {}, {}],
    });
    expect(renderLabelPage(result)).toContain('<h2>Classes, the worst first</h2>');
  });

  it('leaves out unreadable images and classes without images', async () => {
    await writeFile(join(data, 'val', '06.png'), 'no image');
    const lines = Array.from({ length: VAL }, (_, i) => `0${i},${i % 2},1,0`);
    await writeFile(join(data, 'few.csv'), `file,left,middle,right\n${lines.join('\n')}\n`);
    const result = await test({ config: { ...config, data: { ...config.data, val_labels: 'few.csv' } } });
    expect(result.unreadable.map(({ path }) => path)).toEqual([join(data, 'val', '06.png')]);
    expect(result.labels.map(({ images }) => images)).toEqual([3, 6, 0]);
    expect(result.labels[2]?.ap).toBeNaN();
    expect(result.map).toBeCloseTo(((result.labels[0]?.ap ?? 0) + (result.labels[1]?.ap ?? 0)) / 2, 9);
    expect(labelLines(result)).toHaveLength(2);
  });

  it('refuses shards, before it reads the checkpoint', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'val'));
    await writeFile(join(folder, 'val', '0.tar'), '');
    await expect(test({ data: folder, checkpoint: '/nowhere' })).rejects.toThrow(
      'shards have one label for each image, but the task is "multi-label": unpack them',
    );
  });

  it('needs a list', async () => {
    const without = { ...config, data: { ...config.data, val_labels: '' } };
    await expect(test({ config: without })).rejects.toThrow('data.val_labels is empty: it names the list');
  });
});
