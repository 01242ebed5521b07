/** Segmentation runs and their files; apps/train-imagenet/test has one that learns. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readStateDict, readTorch, type TorchValue } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { formatValidation, readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { readEvents } from '../../../train/test/tensorboard/read-events.js';
import { evaluate, networkFor, planReport, taskOf } from '../../src/index.js';
import {
  BATCH,
  labeledFolder,
  STEPS_PER_EPOCH,
  segmentationConfigOf,
  TRAIN_IMAGES,
  VAL_IMAGES,
} from '../support/label-maps.js';
import { expectSameState, lastState, Output, runTraining } from '../support/runs.js';

const EPOCHS = 2;
const STEPS = EPOCHS * STEPS_PER_EPOCH;
const config = segmentationConfigOf({ optimizer: { schedule: { epochs: EPOCHS } } });

let data: string;
let logDir: string;
let run: Awaited<ReturnType<typeof runTraining>>;
beforeAll(async () => {
  data = await labeledFolder();
  logDir = await newFolder();
  run = await runTraining({ config, data, logDir, histograms: true });
});

const newFolder = async () => join(await temporaryFolder(), 'run');
const json = async (name: string) => JSON.parse(await readFile(join(logDir, name), 'utf8'));

function dict(value: TorchValue | undefined): ReadonlyMap<string, TorchValue> {
  if (value instanceof Map) return value as ReadonlyMap<string, TorchValue>;
  throw new Error('expected a dictionary');
}

describe('a segmentation run', () => {
  it('stores the class names and colors of DIR/classes.json in its checkpoints', async () => {
    const expected = [
      { id: 0, name: 'ground', color: [70, 70, 80] },
      { id: 1, name: 'disc', color: [220, 70, 60] },
    ];
    for (const path of [join(logDir, 'checkpoints'), join(logDir, 'checkpoint.pth.tar')]) {
      const { classes } = await networkFor(path, undefined, undefined);
      expect(classes.slice(0, 2)).toEqual(expected);
    }
    expect(await readFile(join(logDir, 'report.html'), 'utf8')).toContain('<td>triangle</td>');
  });

  it('fails at once if DIR/classes.json lacks classes', async () => {
    const other = join(await temporaryFolder(), 'data');
    await cp(data, other, { recursive: true });
    const one = [{ id: 0, name: 'all', color: [1, 2, 3] }];
    await writeFile(join(other, 'classes.json'), JSON.stringify(one));
    await expect(runTraining({ config, data: other, logDir: await newFolder() })).rejects.toThrow(
      `${join(other, 'classes.json')} names 1 of 4 classes (network.classes): `,
    );
  });

  it('logs the pixel accuracy of steps and the mean IoU of validations', async () => {
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    const [first] = records;
    expect(records.length).toBe(STEPS + EPOCHS);
    expect(Object.keys(first ?? {}).slice(0, 5)).toEqual(['phase', 'epoch', 'step', 'loss', 'accuracy']);
    const last = records.at(-1);
    expect(last).toMatchObject({ phase: 'val', epoch: EPOCHS, step: STEPS, miou: run.validation?.miou });
    for (const { accuracy = Number.NaN, loss } of records) {
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(100);
      expect(loss).toBeGreaterThan(0);
    }
    expect(run.validation?.images).toBe(VAL_IMAGES);
    const ious = last?.iou ?? [];
    expect(ious).toHaveLength(config.network.classes);
    const known = ious.filter((iou) => !Number.isNaN(iou));
    expect(known.reduce((a, b) => a + b, 0) / known.length).toBeCloseTo(last?.miou ?? Number.NaN, 9);
  });

  it('writes events for TensorBoard', async () => {
    const name = (await readdir(logDir)).find((file) => file.startsWith('events.out.tfevents.'));
    const events = readEvents(await readFile(join(logDir, name ?? '')));
    const tags = [...new Set(events.flatMap(({ values }) => values.map(({ tag }) => tag)))];
    expect(tags).toEqual(
      expect.arrayContaining([
        'train/loss',
        'train/lr',
        'train/accuracy',
        'val/loss',
        'val/miou',
        'val/accuracy',
      ]),
    );
    expect(tags.filter((tag) => tag.includes('top'))).toEqual([]);
  });

  it('writes summary.json and report.html', async () => {
    const { miou, accuracy, loss } = run.validation ?? expect.fail('no validation');
    const summary = await json('summary.json');
    expect(await readFile(join(logDir, 'report.html'), 'utf8')).toContain('<h2>IoU by class</h2>');
    expect(summary).toMatchObject({ epochs: EPOCHS, steps: STEPS, images: VAL_IMAGES, miou, accuracy, loss });
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    const reached = records.flatMap(({ phase, miou: value = Number.NaN }) =>
      phase === 'val' ? [value] : [],
    );
    expect(summary.bestMiou).toBe(Math.max(...reached));
    const report = await readFile(join(logDir, 'report.html'), 'utf8');
    for (const text of [
      'mIoU on validation',
      'best mIoU',
      'train accuracy',
      `: ${TRAIN_IMAGES} training and `,
    ])
      expect(report).toContain(text);
    expect(report).not.toContain('top-1');
  });

  it('prints its metrics', () => {
    expect(run.text).toMatch(/^train 1\/2 {2}step 1\/2 .*accuracy \d+\.\d %/m);
    expect(run.text).toMatch(/^val {3}2\/2 {2}step 1\/1 .*mIoU \d+\.\d % {2}accuracy \d+\.\d %/m);
    expect(formatValidation({ loss: 0.25, miou: 51.234, accuracy: 90, images: 7 })).toBe(
      'mIoU 51.23 %  accuracy 90.00 %  loss 0.2500  images 7',
    );
  });

  it('writes checkpoints in the format of the published snapshot', async () => {
    const path = join(logDir, 'checkpoint.pth.tar');
    const value = dict(await readTorch(path));
    const described = ['classes', 'colors', 'preprocessing', 'config'];
    const keys = ['epoch', 'arch', 'bn_mode', 'state_dict', 'best_miou', ...described, 'optimizer'];
    expect([...value.keys()]).toEqual(keys);
    const parts = dict(value.get('state_dict'));
    expect([...parts.keys()]).toEqual(['body', 'head', 'cls']);
    expect([...dict(parts.get('cls')).keys()]).toEqual(['weight', 'bias']);
    const { tensors } = await readStateDict(path, { weightsOnly: true });
    const { model } = await lastState(logDir);
    expect([...tensors.keys()].sort()).toEqual([...model.keys()].sort());
    expect(tensors.get('head.red_conv.weight')?.data).toEqual(model.get('head.red_conv.weight')?.data);
  });

  it('evaluates to the same numbers from each of its checkpoints', async () => {
    for (const resume of [join(logDir, 'checkpoints'), join(logDir, 'checkpoint.pth.tar')]) {
      const options = { config, data, device: cpu(), workers: 1, printFreq: 1, resume, stream: new Output() };
      expect(await evaluate(options)).toEqual(run.validation);
    }
  });

  it('resumes bit for bit, from a step within an epoch and from a checkpoint for PyTorch', async () => {
    const stopped = await newFolder();
    const first = await runTraining({ config, data, logDir: stopped, maxSteps: 3, saveEvery: 1 });
    expect(first.stopped).toBe('max-steps');
    await runTraining({ config, data, logDir: stopped, resume: join(stopped, 'checkpoints') });
    expectSameState(await lastState(stopped), await lastState(logDir));

    const half = await newFolder();
    await runTraining({ config, data, logDir: half, maxSteps: STEPS_PER_EPOCH + 1 });
    const file = join(await temporaryFolder(), 'checkpoint.pth.tar');
    await cp(join(half, 'checkpoint.pth.tar'), file);
    const other = await newFolder();
    const { text } = await runTraining({ config, data, logDir: other, resume: file });
    expect(text).toContain(`epoch 1, step ${STEPS_PER_EPOCH}`);
    expectSameState(await lastState(other), await lastState(logDir));
  });

  it('keeps the best value of the run that it resumes', async () => {
    const copy = await newFolder();
    await cp(logDir, copy, { recursive: true });
    const again = await runTraining({ config, data, logDir: copy, resume: join(copy, 'checkpoints') });
    expect(again.validation).toEqual(run.validation);
    const { meta } = await lastState(copy);
    expect(meta.bestMiou).toBe((await json('summary.json')).bestMiou);
    expect(meta).not.toHaveProperty('bestTop1');
  });

  it('plans its memory', () => {
    const { report } = planReport(config, BATCH, cpu());
    expect(report.layers.some(({ path }) => path === 'head.red_bn')).toBe(true);
    expect(report.bytes.activations).toBeLessThan(report.ordinary.activations);
  });
});

describe('segmentation data', () => {
  const open = (dir: string, changed = config) => taskOf(changed).openData(dir, { workers: 1 });

  it('is reported if missing', async () => {
    const dir = await temporaryFolder();
    await expect(open(dir)).rejects.toThrow(
      `${join(dir, 'train')} does not exist: expected DIR/train/images/*.{jpg,png,…} with DIR/train/labels/*.png, and the same in DIR/val`,
    );
  });

  it('is refused if it has too few images for a batch', async () => {
    const large = segmentationConfigOf({ optimizer: { batch_size: 11 } });
    await expect(open(data, large)).rejects.toThrow('holds only 10 images: choose a smaller batch');
  });

  it('may lie in other folders', async () => {
    const copy = await temporaryFolder();
    await cp(data, copy, { recursive: true });
    for (const part of ['train', 'val']) {
      await cp(join(copy, part, 'labels'), join(copy, part, 'v1.2/labels'), { recursive: true });
      await rm(join(copy, part, 'labels'), { recursive: true });
    }
    await expect(open(copy)).rejects.toThrow('label');
    const { trainImages } = await open(
      copy,
      segmentationConfigOf({ segmentation: { labels: 'v1.2/labels' } }),
    );
    expect(trainImages).toBe(TRAIN_IMAGES);
  });

  it('is refused if it has a class that the network lacks, unless that is ignored', async () => {
    const three = segmentationConfigOf({ network: { classes: 3 } });
    await expect(runTraining({ config: three, data, logDir: await newFolder() })).rejects.toThrow(
      /^Cannot read the image \S+: its label map \S+ has pixels of class 3, one at x \d+, y \d+, but there are 3 classes\. Set network\.classes to /,
    );
    const ignoring = segmentationConfigOf({
      network: { classes: 3 },
      optimizer: { schedule: { epochs: 1 } },
      segmentation: { ignore_index: 3 },
    });
    const { validation } = await runTraining({ config: ignoring, data, logDir: await newFolder() });
    expect(validation?.miou).toBeGreaterThanOrEqual(0);
  });
});
