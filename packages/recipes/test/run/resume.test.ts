/** Resuming a run within the test's process; apps/train-imagenet/test kills real processes. */
import { cp, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRunState, saveRunState } from '@inplace-abn/checkpoint';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';

const config = configOf({
  optimizer: { nesterov: true, schedule: { epochs: 6 } },
  input: { color_jitter_train: true, lighting_train: true },
});
const [HALF, ALL] = [20, 40];

describe('a run that is resumed', () => {
  let data: string;
  let straight: string;
  let half: string;
  beforeAll(async () => {
    data = await imageFolder();
    [straight, half] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
    await runTraining({ config, data, logDir: straight, maxSteps: ALL, saveEvery: 10 });
    await runTraining({ config, data, logDir: half, maxSteps: HALF, saveEvery: 10 });
  });

  /** A copy of the half-finished run, to resume. */
  async function copyOfHalf(): Promise<{ logDir: string; checkpoints: string }> {
    const logDir = join(await temporaryFolder(), 'run');
    await cp(half, logDir, { recursive: true });
    return { logDir, checkpoints: join(logDir, 'checkpoints') };
  }

  it.each([1, 3])('equals an uninterrupted one, bit for bit, with %i workers', async (workers) => {
    const { logDir, checkpoints } = await copyOfHalf();
    const run = await runTraining({ config, data, logDir, workers, resume: checkpoints, maxSteps: ALL });
    expect(run.stopped).toBe('max-steps');
    expect(run.text).toContain(`checkpoint-${HALF}.safetensors: epoch 2, step ${HALF}`);
    expectSameState(await lastState(logDir), await lastState(straight));
    const losses = async (folder: string) =>
      (await readMetrics(join(folder, 'metrics.jsonl'))).map(({ phase, step, loss }) => ({
        phase,
        step,
        loss,
      }));
    expect(await losses(logDir)).toEqual(await losses(straight));
  });

  it('equals one with Adam if steps after the checkpoint are lost', async () => {
    const adam = configOf({ optimizer: { type: 'Adam', learning_rate: 1e-3, schedule: { epochs: 6 } } });
    const [through, resumed] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
    await runTraining({ config: adam, data, logDir: through, maxSteps: 12 });
    await runTraining({ config: adam, data, logDir: resumed, maxSteps: 10, saveEvery: 5 });
    const resume = join(resumed, 'checkpoints', 'checkpoint-7.safetensors');
    const { text } = await runTraining({ config: adam, data, logDir: resumed, resume, maxSteps: 12 });
    expect(text).toContain('epoch 1, step 7');
    expectSameState(await lastState(resumed), await lastState(through));
  });

  it('takes no step beyond the limit that it has reached', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    await runTraining({ config, data, logDir, resume: checkpoints, maxSteps: HALF });
    expect((await lastState(logDir)).meta.step).toBe(HALF);
  });

  it('falls back from a torn checkpoint to the one before, and says so', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const torn = join(checkpoints, `checkpoint-${HALF}.safetensors`);
    await truncate(torn, 5000);
    const { text } = await runTraining({ config, data, logDir, resume: torn, maxSteps: ALL });
    expect(text).toContain(`passed over ${torn}: `);
    expect(text).toMatch(/resuming from .*checkpoint-1\d\.safetensors/);
    expectSameState(await lastState(logDir), await lastState(straight));
  });

  it('falls back from a missing checkpoint to the newest, and says so', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const missing = join(checkpoints, 'checkpoint-99.safetensors');
    const { text } = await runTraining({ config, data, logDir, resume: missing, maxSteps: HALF + 1 });
    expect(text).toContain(`passed over ${missing}: there is no such file`);
    expect(text).toContain(`checkpoint-${HALF}.safetensors: epoch 2, step ${HALF}`);
  });

  it('is refused without an intact checkpoint', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const empty = await temporaryFolder();
    const options = { config, data, logDir };
    await expect(runTraining({ ...options, resume: empty })).rejects.toThrow(/^No checkpoint to resume from/);
    await writeFile(join(empty, 'checkpoint-5.safetensors'), 'torn');
    await expect(runTraining({ ...options, resume: empty })).rejects.toThrow(
      /^No intact checkpoint to resume from/,
    );
    expect(await readFile(join(logDir, 'metrics.jsonl'))).toEqual(
      await readFile(join(half, 'metrics.jsonl')),
    );
    expect((await lastState(logDir)).meta.step).toBe(HALF);
    expect(checkpoints).not.toBe(empty);
  });

  it('is refused in a folder that holds no run', async () => {
    const logDir = await temporaryFolder();
    const resume = join(half, 'checkpoints');
    await expect(runTraining({ config, data, logDir, resume })).rejects.toThrow(
      `there is no run to resume in ${logDir}`,
    );
  });

  it('is refused in the folder of another run, which stays unchanged', async () => {
    const { logDir } = await copyOfHalf();
    const before = await readFile(join(logDir, 'metrics.jsonl'));
    for (const resume of [join(straight, 'checkpoints'), join(straight, 'checkpoint.pth.tar')]) {
      const run = runTraining({ config, data, logDir, resume });
      await expect(run).rejects.toThrow(`run folder ${logDir} already holds checkpoint`);
    }
    expect(await readFile(join(logDir, 'metrics.jsonl'))).toEqual(before);
  });

  it('recognizes its own folder under any path', async () => {
    const { logDir } = await copyOfHalf();
    const other = join(await temporaryFolder(), 'link');
    await symlink(logDir, other);
    const resume = join(other, 'checkpoints');
    await runTraining({ config, data, logDir, resume, maxSteps: HALF + 1 });
    expect((await lastState(logDir)).meta.step).toBe(HALF + 1);
  });

  it('is refused for another network, with the differences', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const wider = { ...config, network: { ...config.network, width: 0.2 } };
    await expect(runTraining({ config: wider, data, logDir, resume: checkpoints })).rejects.toThrow(
      /belongs to a different network[\s\S]*mod1\.conv1\.weight/,
    );
  });

  it('is refused if other parameters are trained, naming the keys', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const frozen = { ...config, optimizer: { ...config.optimizer, freeze: ['mod1'] } };
    await expect(runTraining({ config: frozen, data, logDir, resume: checkpoints })).rejects.toMatchObject({
      code: 'ERR_OTHER_OPTIMIZER',
      message: expect.stringMatching(
        /than this run: it has \d+ of them, such as mod1\.\S+\.momentum_buffer\. .* optimizer\.freeze or/,
      ),
    });
    const plain = { ...config, optimizer: { ...config.optimizer, momentum: 0, nesterov: false } };
    await expect(runTraining({ config: plain, data, logDir, resume: checkpoints })).rejects.toThrow(
      /than this run: it has \d+ of them, such as \S+\.momentum_buffer\. /,
    );
  });

  it('is refused in the middle of an epoch whose batches have changed', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const larger = { ...config, optimizer: { ...config.optimizer, batch_size: 30 } };
    await expect(runTraining({ config: larger, data, logDir, resume: checkpoints })).rejects.toThrow(
      'is 6 steps into epoch 3, and the batches of that epoch have changed (optimizer.batch_size 8 -> 30)',
    );
  });

  it('is refused in the middle of an epoch with another seed, which orders images differently', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const other = { ...config, seed: 2 };
    await expect(runTraining({ config: other, data, logDir, resume: checkpoints })).rejects.toThrow(
      'is 6 steps into epoch 3, and the batches of that epoch have changed (seed 1 -> 2)',
    );
  });

  it('is refused in the middle of an epoch with the same number of other images', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const renamed = join(await temporaryFolder(), 'data');
    await cp(data, renamed, { recursive: true });
    await rename(join(renamed, 'train', 'blue', '00.png'), join(renamed, 'train', 'blue', '99.png'));
    const options = { config, data: renamed, logDir };
    await expect(runTraining({ ...options, resume: checkpoints })).rejects.toThrow(
      'the batches of that epoch have changed (names of the training images)',
    );
    const resume = join(checkpoints, 'checkpoint-14.safetensors');
    const { text } = await runTraining({ ...options, resume, maxSteps: 15 });
    expect(text).toContain('names of the training images from epoch 3 on\n');
  });

  it('is refused with its classes in another order, but continues with other names', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const numbered = join(await temporaryFolder(), 'data');
    await cp(data, numbered, { recursive: true });
    for (const part of ['train', 'val']) {
      for (const [i, name] of CLASSES.entries()) {
        await rename(join(numbered, part, name), join(numbered, part, String(i)));
      }
    }
    const resume = join(checkpoints, 'checkpoint-14.safetensors');
    const state = await loadRunState(resume);
    const resumed = async (...classes: string[]) => {
      await saveRunState(resume, { ...state, meta: { ...state.meta, classes } });
      return runTraining({ config, data: numbered, logDir, resume, maxSteps: 15 });
    };
    await expect(resumed('0.0', '2.0', '1.0')).rejects.toMatchObject({
      code: 'ERR_CLASSIFIER',
      message: expect.stringContaining(
        `${resume} was trained with its classes in another order: class 1 was 2 and is 1. Restore`,
      ),
    });
    await expect(resumed('1', 'green')).rejects.toThrow('class 0 was 1 and is 0');
    for (const classes of [['0.0', '1.0', '2.0'], CLASSES, ['0', '1']]) {
      expect((await resumed(...classes)).text).toContain(`resuming from ${resume}: epoch 2, step 14`);
    }
  });

  it('continues with another batch size from the end of an epoch, and says so', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, maxSteps: 15 });
    const resume = join(logDir, 'checkpoints', 'checkpoint-14.safetensors');
    const larger = { ...config, optimizer: { ...config.optimizer, batch_size: 20 } };
    const { text } = await runTraining({
      config: larger,
      data,
      logDir,
      resume,
      maxSteps: 15,
    });
    expect(text).toContain(
      'optimizer.batch_size 8 -> 20 from epoch 3 on, of 3 steps; the learning rate is not scaled',
    );
    const { meta } = await lastState(logDir);
    expect(meta).toMatchObject({ epoch: 2, step: 15, stepInEpoch: 1, batchSize: 20, trainImages: 60 });
  });

  it('is refused with another optimizer', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const adam = { ...config, optimizer: { ...config.optimizer, type: 'Adam' as const } };
    await expect(runTraining({ config: adam, data, logDir, resume: checkpoints })).rejects.toThrow(
      'holds the state of SGD but optimizer.type is Adam: set it to SGD',
    );
  });

  it('names what changed in its configuration', async () => {
    const { logDir, checkpoints } = await copyOfHalf();
    const slower = { ...config, optimizer: { ...config.optimizer, learning_rate: 0.01 } };
    const { text } = await runTraining({
      config: slower,
      data,
      logDir,
      resume: checkpoints,
      maxSteps: HALF + 1,
    });
    expect(text).toContain(
      'configuration changed since the run began: optimizer.learning_rate: 0.05 -> 0.01',
    );
  });
});
