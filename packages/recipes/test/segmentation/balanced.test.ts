/** Class weights computed from the pixels of the training label maps. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabelMap, SegmentationFolder } from '@inplace-abn/data';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { type LossConfig, resolveConfig, type TrainConfig } from '../../src/index.js';
import { CLASSES, labeledFolder, rawSegmentation, TRAIN_IMAGES } from '../support/label-maps.js';
import { expectSameState, lastState, type RunOptions, runTraining } from '../support/runs.js';

const STEPS = 4;

function configOf(loss: Partial<LossConfig>, more: object = {}): TrainConfig {
  return resolveConfig({ ...rawSegmentation(), loss, ...more }, 'test.json');
}

const balanced = configOf({ class_weights: 'balanced', type: 'focal', lovasz: 0.5, dice: 0.5 });

const newRun = async () => join(await temporaryFolder(), 'run');

/** Pixels of each class, read one map after the other. */
async function pixelsIn(dir: string): Promise<number[]> {
  const folder = await SegmentationFolder.open(join(dir, 'train'));
  const pixels = new Array<number>(CLASSES).fill(0);
  for (let index = 0; index < folder.length; index++) {
    for (const id of (await readLabelMap(folder.labelPath(index))).data) {
      if (id < CLASSES) pixels[id] = (pixels[id] ?? 0) + 1;
    }
  }
  return pixels;
}

describe('balanced class weights of a segmentation', () => {
  let data: string;
  let pixels: number[];
  beforeAll(async () => {
    data = await labeledFolder();
    pixels = await pixelsIn(data);
  });

  async function stateAfter(config: TrainConfig, options: Partial<RunOptions> = {}) {
    const logDir = await newRun();
    const { text } = await runTraining({ config, data, logDir, maxSteps: STEPS, ...options });
    return { state: await lastState(logDir), text, logDir };
  }

  it('are pixels / (classes · pixels of the class), counted once', async () => {
    const all = pixels.reduce((sum, count) => sum + count, 0);
    const weights = pixels.map((count) => all / (CLASSES * count));
    const given = await stateAfter(configOf({ ...balanced.loss, class_weights: weights }));
    const found = await stateAfter(balanced, { workers: 3 });
    expectSameState(found.state, given.state);
    expect(found.state.meta.pixelsOfClass).toEqual(pixels);
    expect(given.state.meta).not.toHaveProperty('pixelsOfClass');
    expect(found.text).toContain(`counting the pixels of ${TRAIN_IMAGES} label maps`);
    expect(found.text).toContain('counted in ');
    expect(given.text).not.toContain('counting');
  });

  it('keep the counts of the run if its label maps change', async () => {
    const copy = await temporaryFolder();
    await cp(data, copy, { recursive: true });
    const logDir = await newRun();
    const first = await runTraining({ config: balanced, data: copy, logDir, maxSteps: 1 });
    expect(first.text).toContain('counting');
    const folder = await SegmentationFolder.open(join(copy, 'train'));
    // All maps are now copies of one: the counts differ, and the run does not use them.
    for (let index = 1; index < folder.length; index++) {
      await cp(folder.labelPath(0), folder.labelPath(index));
      await cp(folder.path(0), folder.path(index));
    }
    expect(await pixelsIn(copy)).not.toEqual(pixels);
    const resume = join(logDir, 'checkpoints');
    const more = await runTraining({ config: balanced, data: copy, logDir, resume, maxSteps: 2 });
    expect(more.text).not.toContain('counting');
    expect((await lastState(logDir)).meta.pixelsOfClass).toEqual(pixels);
  });

  it('name a label map that cannot be read, or skip it', async () => {
    const copy = await temporaryFolder();
    await cp(data, copy, { recursive: true });
    const folder = await SegmentationFolder.open(join(copy, 'train'));
    const bad = folder.labelPath(3);
    await writeFile(bad, 'not a PNG');
    const logDir = await newRun();
    await expect(runTraining({ config: balanced, data: copy, logDir })).rejects.toThrow(bad);
    const skipping = configOf(balanced.loss, {
      input: { crop_train: 32, crop_val: 32, unreadable: 'skip' },
    });
    await runTraining({ config: skipping, data: copy, logDir: await newRun(), maxSteps: 1 });
    const fewer = configOf(balanced.loss, { network: { ...rawSegmentation().network, classes: 3 } });
    await expect(runTraining({ config: fewer, data, logDir: await newRun() })).rejects.toThrow(
      /it has the class 3, but there are 3\.? .*network\.classes/,
    );
  });
});
