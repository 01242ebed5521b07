/** Multi-label runs: their files, resuming, several processes. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { readMetrics, type TrainOutcome } from '@inplace-abn/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { describedNetwork, dryRun, evaluate, taskOf } from '../../src/index.js';
import { labelSetConfig, labelSetFolder, NAMES, TRAIN, VAL } from '../support/label-sets.js';
import { expectSameState, lastState, Output, runTraining } from '../support/runs.js';

/** Every option that applies to a multi-label batch. */
const OPTIONS = {
  loss: { type: 'bce', positive_weights: 'balanced', class_weights: [1, 2, 0.5] },
  mix: { mixup: 0.4, cutmix: 1 },
  ema: { decay: 0.9 },
  optimizer: { accumulate: 2, schedule: { epochs: 1 } },
};
/**
 * Statistics of the whole batch and a smooth activation: several processes then compute what one does,
 * within rounding.
 */
const SYNC = { bn_mode: 'sync', activation: 'elu', activation_param: 1 };
const GENTLE = { learning_rate: 0.01, schedule: { epochs: 1 } };

const newFolder = async () => join(await temporaryFolder(), 'run');

describe('a run on images with any number of labels', () => {
  let data: string;
  let logDir: string;
  let run: Awaited<ReturnType<typeof runTraining>>;
  beforeAll(async () => {
    data = await labelSetFolder();
    logDir = await newFolder();
    run = await runTraining({ config: labelSetConfig(OPTIONS), data, logDir });
  });

  it('reports mean average precision and F1, and picks the best checkpoint by mean average precision', async () => {
    const { validation } = run;
    expect(validation).toMatchObject({ images: VAL });
    expect(validation?.ap).toHaveLength(3);
    const mean = (validation?.ap ?? []).reduce((sum, ap) => sum + ap / 3, 0);
    expect(validation?.map).toBeCloseTo(mean, 9);
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    expect(records).toHaveLength(TRAIN / 6 + 1);
    expect(records[0]).toMatchObject({ phase: 'train', f1: expect.any(Number) });
    expect(records.at(-1)).toMatchObject({ phase: 'val', map: validation?.map, ap: validation?.ap });
    const [header = '', ...rows] = (await readFile(join(logDir, 'metrics.csv'), 'utf8')).trim().split('\n');
    expect(rows.at(-1)?.split(',')[header.split(',').indexOf('map')]).toBe(String(validation?.map));
    const { meta } = await lastState(logDir);
    expect(meta.bestMap).toBe(validation?.averaged?.map);
    expect(await readFile(join(logDir, 'report.html'), 'utf8')).toContain(
      '<h2>Average precision by class</h2>',
    );
    expect(run.text).toMatch(/mAP \d+\.\d+ %/);
    const { config, classes } = await describedNetwork(join(logDir, 'checkpoints'));
    expect([config.task, classes]).toEqual(['multi-label', NAMES]);
  });

  it('resumes bit for bit from the middle of an epoch', async () => {
    const halved = await newFolder();
    const config = labelSetConfig(OPTIONS);
    await runTraining({ config, data, logDir: halved, maxSteps: 2 });
    await runTraining({ config, data, logDir: halved, workers: 1, resume: join(halved, 'checkpoints') });
    expectSameState(await lastState(halved), await lastState(logDir));
  });

  it('evaluates to the same numbers, and its dry run writes nothing', async () => {
    const common = { config: labelSetConfig(OPTIONS), data, device: cpu(), workers: 1, printFreq: 1 };
    const found = await evaluate({ ...common, resume: join(logDir, 'checkpoints'), stream: new Output() });
    const { averaged: _, ...expected } = run.validation ?? expect.fail('no validation');
    expect(found).toEqual(expected);
    const output = new Output();
    const options = { ...common, versions: { ...VERSIONS }, stream: output };
    await dryRun(options);
    expect(output.text).toMatch(/one training step: loss \d.* F1 /);
    expect(output.text).toMatch(/one validation batch: loss \d.* mAP /);
  });

  it('needs a list of labels', async () => {
    const config = labelSetConfig();
    const open = (more: object) =>
      taskOf({ ...config, data: { ...config.data, ...more } }).openData(data, { workers: 1 });
    await expect(open({ train_labels: '' })).rejects.toThrow(
      'no list says which labels its images have: name a CSV',
    );
    const few = labelSetConfig({ network: { classes: 2 } });
    await expect(taskOf(few).openData(data, { workers: 1 })).rejects.toThrow(
      'has 3 classes but network.classes is 2',
    );
    const list = join(data, 'none.csv');
    await writeFile(
      list,
      'file,left,middle,right\n00,0,0,0\n01,0,0,0\n02,0,0,0\n03,0,0,0\n04,0,0,0\n05,0,0,0\n',
    );
    await expect(open({ train_labels: 'none.csv' })).rejects.toThrow(
      'has a label: there is nothing to learn',
    );
    await rm(list);
    const { imagesOfClass, notes } = await taskOf(labelSetConfig({ network: { classes: 4 } })).openData(
      data,
      {
        workers: 1,
      },
    );
    expect(imagesOfClass).toEqual([12, 12, 12, 0]);
    expect(notes.join()).toContain('no image is of the last 1');
  });
});

const VERSIONS = { node: 'v0', platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1, packages: {} };

describe('two processes on multi-label images', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(2);
  });
  afterAll(() => pool.close());

  it('train as one process does, and gather the scores of all images', async () => {
    const data = await labelSetFolder();
    const config = labelSetConfig({
      network: SYNC,
      optimizer: { ...GENTLE, batch_size: 7 },
      mix: { mixup: 0.4 },
      loss: { positive_weights: 'balanced' },
    });
    const [one, two] = [await newFolder(), await newFolder()];
    const alone = await runTraining({ config, data, logDir: one });
    const job = new URL('../parallel/train.job.ts', import.meta.url);
    const outcomes = await pool.run<TrainOutcome>(job, () => ({ config, data, logDir: two }));
    const [wanted, found] = [
      await readMetrics(join(one, 'metrics.jsonl')),
      await readMetrics(join(two, 'metrics.jsonl')),
    ];
    for (const [i, { loss, f1 = Number.NaN }] of wanted.entries()) {
      expect(found[i]?.loss).toBeCloseTo(loss, 4);
      expect(found[i]?.f1).toBeCloseTo(f1, 6);
    }
    expect(outcomes[0]?.validation?.images).toBe(VAL);
    expect(outcomes[0]?.validation?.ap?.map((ap) => ap.toFixed(6))).toEqual(
      alone.validation?.ap?.map((ap) => ap.toFixed(6)),
    );
    expect(outcomes[1]?.validation).toEqual(outcomes[0]?.validation);
  });
});
