/** Training on several processes, compared with one process on the whole batch. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listCheckpoints, loadRunState, type RunState, saveRunState } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { readMetrics, type TrainOutcome } from '@inplace-abn/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { imageFolder, temporaryFolder, VAL_IMAGES } from '../../../train/test/support/images.js';
import { evaluate, type TrainConfig } from '../../src/index.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';
import type { TrainJob } from './train.job.js';

const job = new URL('train.job.ts', import.meta.url);

/** A smooth activation: at a kink, rounding would decide the gradient of a whole sample. */
const sync = { bn_mode: 'sync', activation: 'elu', activation_param: 1 };
/** Learning rates that do not amplify rounding: the tests compare runs, not their accuracy. */
const gentle = { learning_rate: 0.01, nesterov: true, clip: 1 };

interface Outcome extends TrainOutcome {
  readonly text: string;
}

let data: string;
beforeAll(async () => {
  data = await imageFolder();
});

/**
 * Folders of runs of one process, by configuration and steps: the reference for every number of processes.
 */
const ofOne = new Map<string, string>();

async function alone(config: TrainConfig, maxSteps?: number): Promise<string> {
  const key = JSON.stringify([config, maxSteps]);
  const logDir = ofOne.get(key) ?? join(await temporaryFolder(), 'run');
  if (!ofOne.has(key)) await runTraining({ config, data, logDir, maxSteps });
  ofOne.set(key, logDir);
  return logDir;
}

/** A copy of such a run, to resume. */
async function begunAlone(config: TrainConfig, maxSteps: number): Promise<string> {
  const logDir = join(await temporaryFolder(), 'run');
  await cp(await alone(config, maxSteps), logDir, { recursive: true });
  return logDir;
}

describe.each([2, 3])('%i processes', (size) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(size);
  });
  afterAll(() => pool.close());

  async function together(config: TrainConfig, more: Partial<TrainJob> = {}) {
    const logDir = more.logDir ?? join(await temporaryFolder(), 'run');
    const argument: TrainJob = { config, data, logDir, ...more };
    return { logDir, outcomes: await pool.run<Outcome>(job, () => argument) };
  }

  const losses = async (logDir: string) =>
    (await readMetrics(join(logDir, 'metrics.jsonl'))).map(({ phase, step, loss, top1 }) => {
      return { phase, step, loss, top1: Number(top1) };
    });

  it('train as one process does on the whole batch', async () => {
    // The next test trains for two epochs.
    const optimizer = { ...gentle, batch_size: 7, schedule: { epochs: 1 } };
    const config = configOf({ network: sync, optimizer });
    const [one, several] = [await alone(config), await together(config)];
    const [wanted, found] = [await losses(one), await losses(several.logDir)];
    expect(found).toHaveLength(wanted.length);
    wanted.forEach(({ loss, phase, step, top1 }, i) => {
      expect(found[i]).toMatchObject({ phase, step });
      expect(found[i]?.loss).toBeCloseTo(loss, 4);
      expect(found[i]?.top1).toBeCloseTo(top1, 9);
    });
    expectNear(await lastState(several.logDir), await lastState(one));
    for (const { validation } of several.outcomes) {
      expect(validation).toEqual(several.outcomes[0]?.validation);
    }
    expect(several.outcomes[0]?.validation?.images).toBe(VAL_IMAGES);
    expect(several.outcomes.slice(1).map(({ text }) => text)).toEqual(Array(size - 1).fill(''));
  });

  it('resume a run of one process, and one process resumes theirs', async () => {
    const optimizer = { ...gentle, batch_size: 6, schedule: { epochs: 2 } };
    const config = configOf({ network: sync, optimizer });
    const through = await alone(config, 12);
    const logDir = await begunAlone(config, 3);
    const resume = join(logDir, 'checkpoints');
    const { outcomes } = await together(config, { logDir, resume, maxSteps: 8 });
    expect(outcomes.map(({ stopped }) => stopped)).toEqual(Array(size).fill('max-steps'));
    await runTraining({ config, data, logDir, resume, maxSteps: 12 });
    expectNear(await lastState(logDir), await lastState(through));
  });

  it('do so with options, resuming a run of one process within an epoch', async () => {
    const config = configOf({
      network: sync,
      optimizer: { ...gentle, batch_size: 7, schedule: { epochs: 1 }, layer_decay: 0.75 },
      // The loss of a mixed batch is a plain mean, that of the others a mean weighted by class.
      mix: { mixup: 0.4, cutmix: 1, probability: 0.6 },
      loss: { class_weights: [1, 3, 0.5], label_smoothing: 0.1 },
      ema: { decay: 0.9, warmup: true },
      control: { log_gradient_norm: true },
      input: { sampling: 'balanced' },
    });
    const one = await alone(config);
    const logDir = await begunAlone(config, 3);
    await together(config, { logDir, resume: join(logDir, 'checkpoints') });
    expectNear(await lastState(logDir), await lastState(one));
    const [wanted, found] = [await losses(one), await losses(logDir)];
    expect(found.map(({ phase, step }) => [phase, step])).toEqual(
      wanted.map(({ phase, step }) => [phase, step]),
    );
    for (const [i, { loss }] of wanted.entries()) expect(found[i]?.loss).toBeCloseTo(loss, 4);
  });

  it('validate the saved averages if each normalizes its part alone', async () => {
    const optimizer = { learning_rate: 0.05, batch_size: 2 * size, schedule: { epochs: 1 } };
    const config = configOf({ optimizer, ema: { decay: 0.5 } });
    const { logDir, outcomes } = await together(config);
    const { averaged, loss } = outcomes[0]?.validation ?? {};
    expect(averaged?.loss).not.toBeCloseTo(loss ?? 0, 3);
    const folder = join(logDir, 'checkpoints');
    const [newest] = await listCheckpoints(folder);
    const { model, optimizer: slots, meta } = await loadRunState(newest?.path ?? '');
    const averages = [...model].map(([name, own]) => [name, slots.get(`${name}.ema`) ?? own] as const);
    await saveRunState(newest?.path ?? '', { model: new Map(averages), optimizer: slots, meta });
    const options = { config, data, device: cpu(), workers: 1, printFreq: 1, stream: { write: () => {} } };
    const found = await evaluate({ ...options, resume: folder });
    expect(found.loss).toBeCloseTo(averaged?.loss ?? 0, 4);
  });

  it('skip unreadable images up to one limit, and count each once', async () => {
    const broken = await imageFolder();
    const bad = ['blue/03', 'green/07', 'red/11'].map((name) => join(broken, 'train', `${name}.png`));
    for (const path of bad) await writeFile(path, 'no image');
    // All images are in one batch: in every epoch each process meets its part of the unreadable ones, in a
    // different order.
    const optimizer = { ...gentle, batch_size: 60, schedule: { epochs: 2 } };
    const config = (unreadable_limit: number) => ({
      ...configOf({ network: sync, optimizer, input: { unreadable: 'skip', unreadable_limit } }),
    });
    const { logDir, outcomes } = await together(config(3), { data: broken });
    expect(outcomes[0]?.text).toContain('3 images that cannot be read were skipped so far');
    expect(JSON.parse(await readFile(join(logDir, 'summary.json'), 'utf8'))).toMatchObject({ skipped: 3 });
    await expect(together(config(2), { data: broken })).rejects.toThrow('at most 2 may be skipped');
  });

  it('are bit-identical when repeated', async () => {
    const config = configOf({ optimizer: { batch_size: 8, schedule: { epochs: 1 } } });
    const [first, second] = [await together(config), await together(config)];
    expectSameState(await lastState(first.logDir), await lastState(second.logDir));
  });

  it('use the same kernels even if each autotuned different ones', async () => {
    const optimizer = { ...gentle, batch_size: 4 * size, schedule: { epochs: 1 } };
    const config = configOf({ network: { width: 0.25 }, optimizer });
    const timed = (...fastest: string[]) => together(config, { fastest, maxSteps: 2 });
    const [same, different] = [
      await timed(...Array(size).fill('winograd')),
      await timed('winograd', ...Array(size - 1).fill('onednn')),
    ];
    const wanted = await lastState(same.logDir);
    expectSameState(await lastState(different.logDir), wanted);
    expect(JSON.stringify(wanted.meta.kernels)).toContain('winograd');
    expect(different.outcomes.map(({ text }) => text).join()).not.toContain('last bits');
  });

  it('train if one of them has no image in a batch', async () => {
    const config = configOf({ network: sync, optimizer: { ...gentle, batch_size: size - 1 } });
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, maxSteps: 3 });
    const several = await together(config, { maxSteps: 3 });
    expectNear(await lastState(several.logDir), await lastState(logDir));
  });
});

/** Expects every tensor to be within the rounding that accumulates over many steps. */
function expectNear(found: RunState, wanted: RunState): void {
  for (const part of ['model', 'optimizer'] as const) {
    expect([...found[part].keys()]).toEqual([...wanted[part].keys()]);
    for (const [name, tensor] of wanted[part]) {
      const [values, others] = [numbersOf(tensor), numbersOf(found[part].get(name))];
      const scale = Math.max(1e-2, ...values.map(Math.abs));
      const worst = Math.max(...values.map((value, i) => Math.abs(value - (others[i] ?? Number.NaN))));
      expect(worst / scale, name).toBeLessThan(2e-3);
    }
  }
}

function numbersOf(tensor: { readonly data: ArrayLike<number | bigint> } | undefined): number[] {
  return Array.from(tensor?.data ?? [], Number);
}
