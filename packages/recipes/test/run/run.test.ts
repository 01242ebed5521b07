/** A complete run and the files that it leaves behind. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  imageFolder,
  TRAIN_IMAGES,
  temporaryFolder,
  VAL_IMAGES,
} from '../../../train/test/support/images.js';
import { readEvents } from '../../../train/test/tensorboard/read-events.js';
import { evaluate } from '../../src/index.js';
import {
  configOf,
  expectSameState,
  lastState,
  Output,
  runTraining,
  STEPS_PER_EPOCH,
  VERSIONS,
} from '../support/runs.js';

const EPOCHS = 3;

it('a run of no epochs trains nothing', async () => {
  const logDir = join(await temporaryFolder(), 'run');
  const config = configOf({ optimizer: { schedule: { epochs: 0 } } });
  const { stopped, validation, text } = await runTraining({ config, data: await imageFolder(), logDir });
  expect({ stopped, validation }).toEqual({ stopped: null, validation: null });
  expect(text).toContain('optimizer.schedule.epochs is 0: nothing is trained\n');
  expect(text).not.toMatch(/complete|best/);
});

describe('a run', () => {
  const config = configOf({ optimizer: { schedule: { epochs: EPOCHS } } });
  let data: string;
  let logDir: string;
  let run: Awaited<ReturnType<typeof runTraining>>;
  beforeAll(async () => {
    data = await imageFolder();
    logDir = join(await temporaryFolder(), 'run');
    run = await runTraining({ config, data, logDir, histograms: true, command: 'train-imagenet a.json' });
  });

  const json = async (name: string) => JSON.parse(await readFile(join(logDir, name), 'utf8'));

  it('learns colors', () => {
    expect(run.stopped).toBeNull();
    expect(run.validation?.images).toBe(VAL_IMAGES);
    expect(run.validation?.top1).toBeGreaterThan(60);
    expect(run.validation?.top5).toBe(100);
  });

  it('saves its configuration and versions', async () => {
    expect(await json('config.json')).toEqual(config);
    expect(await json('versions.json')).toEqual(VERSIONS);
  });

  it('logs every step and validation in metrics.jsonl', async () => {
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    const steps = records.filter(({ phase }) => phase === 'train').map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: EPOCHS * STEPS_PER_EPOCH }, (_, i) => i + 1));
    const last = records.at(-1);
    expect(last).toMatchObject({ phase: 'val', epoch: EPOCHS, step: EPOCHS * STEPS_PER_EPOCH });
    expect(last?.top1).toBe(run.validation?.top1);
    expect(records[0]).toMatchObject({ epoch: 1, learningRate: 0.05 });
  });

  it('writes events for TensorBoard', async () => {
    const name = (await readdir(logDir)).find((file) => file.startsWith('events.out.tfevents.'));
    const events = readEvents(await readFile(join(logDir, name ?? '')));
    const tags = new Set(events.flatMap(({ values }) => values.map(({ tag }) => tag)));
    for (const tag of ['loss', 'lr', 'top1', 'top5']) expect(tags).toContain(`train/${tag}`);
    for (const tag of ['loss', 'top1', 'top5']) expect(tags).toContain(`val/${tag}`);
    expect(tags).toContain('classifier.fc.weight');
  });

  it('writes summary.json and report.html', async () => {
    expect(await json('summary.json')).toMatchObject({
      arch: 'resnet18',
      epochs: EPOCHS,
      steps: EPOCHS * STEPS_PER_EPOCH,
      images: VAL_IMAGES,
      top1: run.validation?.top1,
      loss: run.validation?.loss,
      skipped: 0,
    });
    const { memory } = await json('summary.json');
    expect(memory.ours.activations).toBeLessThan(memory.ordinary.activations);
    const report = await readFile(join(logDir, 'report.html'), 'utf8');
    const fact = (name: string) => new RegExp(`<dt>${name}</dt><dd>(.*)</dd>`).exec(report)?.[1];
    expect(fact('data')).toBe(`${data}: ${TRAIN_IMAGES} training and ${VAL_IMAGES} validation images`);
    expect(fact('learning rate')).toMatch(/^0\.05, \w+ schedule$/);
    expect(fact('seed')).toBe('1');
    expect(fact('date')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d$/);
    expect(fact('command')).toBe('train-imagenet a.json');
    expect(report).toContain('mod5.block2.convs.bn2');
    expect(report).not.toMatch(/(src|href)="https?:/);
  });

  it('keeps the latest checkpoints and the best', async () => {
    const checkpoints = await listCheckpoints(join(logDir, 'checkpoints'));
    expect(checkpoints.map(({ step }) => step)).toEqual([3 * STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH]);
    const { meta } = await lastState(logDir);
    expect(meta).toMatchObject({ epoch: EPOCHS, step: EPOCHS * STEPS_PER_EPOCH, seed: 1 });
    expect(await readdir(join(logDir, 'checkpoints'))).toContain('best.safetensors');
  });

  it('prints a line for each step if the output is not a terminal', () => {
    const lines = run.text.trimEnd().split('\n');
    expect(lines.filter((line) => /loss/.test(line)).length).toBe(EPOCHS * (STEPS_PER_EPOCH + 2));
    expect(lines.slice(-2)).toEqual([
      `best top-1 ${run.validation?.top1?.toFixed(2)} %: ${join(logDir, 'checkpoints', 'best.safetensors')}`,
      `report: ${join(logDir, 'report.html')}`,
    ]);
  });

  it('evaluates to the same numbers from its checkpoint', async () => {
    const stream = new Output();
    const resume = join(logDir, 'checkpoints');
    const options = { config, data, device: cpu(), workers: 1, printFreq: 1, resume, stream };
    expect(await evaluate(options)).toEqual(run.validation);
    expect(stream.text).toContain(
      `evaluating ${join(resume, `checkpoint-${EPOCHS * STEPS_PER_EPOCH}.safetensors`)}`,
    );
  });

  it('is not overwritten by another run', async () => {
    const before = await readFile(join(logDir, 'metrics.jsonl'));
    await expect(runTraining({ config, data, logDir })).rejects.toThrow(
      `run folder ${logDir} already holds checkpoint.pth.tar, checkpoints, config.json`,
    );
    expect(await readFile(join(logDir, 'metrics.jsonl'))).toEqual(before);
  });

  it('repeats with the same results in another folder, with any number of workers', async () => {
    const other = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir: other, workers: 3 });
    expectSameState(await lastState(other), await lastState(logDir));
  });

  it('keeps its result when it is resumed after its end', async () => {
    const before = await json('summary.json');
    const again = await runTraining({ config, data, logDir, resume: join(logDir, 'checkpoints') });
    expect(again.stopped).toBeNull();
    expect(again.text).toContain(
      'this run is complete: 3 of 3 epochs are trained; for more, raise optimizer.schedule.epochs\n',
    );
    expect(again.validation).toEqual(run.validation);
    expect(await json('summary.json')).toMatchObject({
      top1: before.top1,
      loss: before.loss,
      steps: before.steps,
    });
  });
});

describe('a run in bfloat16', () => {
  it('learns like one in float32', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const config = configOf({
      network: { precision: 'bfloat16', width: 0.25 },
      optimizer: { schedule: { epochs: EPOCHS } },
    });
    const { validation } = await runTraining({ config, data, logDir });
    expect(validation?.top1).toBeGreaterThan(60);
    const { model } = await lastState(logDir);
    expect([...model.values()].filter(({ dtype }) => !['float32', 'int64'].includes(dtype))).toEqual([]);
  });
});
