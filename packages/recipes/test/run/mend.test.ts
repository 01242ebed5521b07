/**
 * Files derived from a run's states, after the run was killed before writing them and after it resumed from
 * an earlier state.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  listCheckpoints,
  loadRunState,
  type RunMeta,
  readSafetensors,
  readTorch,
  saveRunState,
} from '@inplace-abn/checkpoint';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { bytesOf, configOf, runTraining } from '../support/runs.js';

const config = configOf({ optimizer: { schedule: { epochs: 2 } }, ema: { decay: 0.5 } });
const FOLLOWING = [
  'checkpoints/best.safetensors',
  'checkpoint.pth.tar',
  'model_best.pth.tar',
  'averaged.safetensors',
] as const;

describe('the files derived from a state', () => {
  let data: string;
  /**
   * A run of two epochs, the second better, killed when only the checkpoint of the second was written.
   */
  let killed: string;
  beforeAll(async () => {
    data = await imageFolder();
    killed = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir: killed, maxSteps: 8 });
    await rm(join(killed, 'checkpoints', 'checkpoint-8.safetensors'));
    await changeMeta(join(killed, 'checkpoints', 'checkpoint-7.safetensors'), { bestTop1: 40 });
    const before = await temporaryFolder();
    await mkdir(join(before, 'checkpoints'));
    for (const name of FOLLOWING) await cp(join(killed, name), join(before, name));
    await runTraining({ config, data, logDir: killed, resume: join(killed, 'checkpoints') });
    await changeMeta(join(killed, 'checkpoints', 'checkpoint-14.safetensors'), {
      bestTop1: 99,
      stepOfBest: 14,
    });
    for (const name of FOLLOWING) await cp(join(before, name), join(killed, name));
  });

  /** Changes the metadata of a state; hard links to it keep the old content. */
  async function changeMeta(path: string, meta: Partial<RunMeta>): Promise<void> {
    const state = await loadRunState(path);
    await saveRunState(path, { ...state, meta: { ...state.meta, ...meta } as RunMeta });
  }

  async function copyOf(logDir: string): Promise<string> {
    const copy = join(await temporaryFolder(), 'run');
    await cp(logDir, copy, { recursive: true });
    return copy;
  }

  const goOn = (logDir: string, file = '', maxSteps = 14) =>
    runTraining({ config, data, logDir, maxSteps, resume: join(logDir, 'checkpoints', file) });

  /** Epoch and best value of each file, and the step of the averages; null for a missing file. */
  async function placesIn(logDir: string) {
    const [best, last, torchBest, averaged] = FOLLOWING.map((name) => join(logDir, name));
    const ofTorch = async (path = '') => {
      const value = await readTorch(path).catch(() => null);
      return value instanceof Map ? [value.get('epoch'), value.get('best_prec1')] : null;
    };
    const state = await loadRunState(best ?? '').catch(() => null);
    return {
      best: state && [state.meta.epoch, state.meta.bestTop1],
      last: await ofTorch(last),
      torchBest: await ofTorch(torchBest),
      averaged: await readSafetensors(averaged ?? '').then(
        ({ metadata }) => Number(metadata.step),
        () => null,
      ),
    };
  }

  it('are written once if the run was killed before writing them', async () => {
    const logDir = await copyOf(killed);
    const torn = join(logDir, '.checkpoint.pth.tar.0123456789abcdef.tmp');
    await writeFile(torn, 'torn');
    expect((await placesIn(logDir)).last?.[0]).toBe(1);
    const { text } = await goOn(logDir);
    expect(await placesIn(logDir)).toEqual({
      best: [2, 99],
      last: [2, 99],
      torchBest: [2, 99],
      averaged: 14,
    });
    expect(existsSync(torn)).toBe(false);
    for (const name of FOLLOWING)
      expect(text).toContain(`${name.split('/').at(-1)} did not belong to this run`);
    const value = await readTorch(join(logDir, 'checkpoint.pth.tar'));
    const weights = value instanceof Map ? value.get('state_dict') : null;
    const { model, optimizer } = await loadRunState(join(logDir, 'checkpoints', 'checkpoint-14.safetensors'));
    for (const [name, tensor] of model) {
      const found = weights instanceof Map ? weights.get(`module.${name}`) : null;
      expect(bytesOf(found as typeof tensor).equals(bytesOf(tensor)), name).toBe(true);
    }
    const { tensors } = await readSafetensors(join(logDir, 'averaged.safetensors'), { verify: true });
    expect([...tensors.keys()]).toEqual([...model.keys()]);
    for (const [name, tensor] of tensors) {
      const wanted = optimizer.get(`${name}.ema`) ?? model.get(name);
      expect(bytesOf(tensor).equals(bytesOf(wanted)), name).toBe(true);
    }
    const links = async () => (await stat(join(logDir, 'checkpoint.pth.tar'))).ino;
    const before = await links();
    expect((await goOn(logDir)).text).not.toContain('did not belong to this run');
    expect(await links()).toBe(before);
  });

  it('belong to the state that a run resumes from, not to those it abandons', async () => {
    const logDir = await copyOf(killed);
    await goOn(logDir);
    await goOn(logDir, 'checkpoint-7.safetensors', 7);
    expect(await placesIn(logDir)).toEqual({ best: [1, 40], last: [1, 40], torchBest: [1, 40], averaged: 7 });
    // Nothing was saved yet, so the run can still continue from the newest state.
    await goOn(logDir);
    expect(await placesIn(logDir)).toEqual({
      best: [2, 99],
      last: [2, 99],
      torchBest: [2, 99],
      averaged: 14,
    });
  });

  it('are set aside if their state is gone', async () => {
    const logDir = await copyOf(killed);
    await goOn(logDir);
    const [newest] = await listCheckpoints(join(logDir, 'checkpoints'));
    const early = join(logDir, 'checkpoints', 'checkpoint-5.safetensors');
    await cp(newest?.path ?? '', early);
    await changeMeta(early, { epoch: 0, step: 5, stepInEpoch: 5, bestTop1: 0, stepOfBest: null });
    await goOn(logDir, 'checkpoint-5.safetensors', 5);
    expect(await placesIn(logDir)).toEqual({ best: null, last: null, torchBest: null, averaged: null });
    const names = await readdir(logDir, { recursive: true });
    const others = /best\.|averaged|\.tar$/;
    expect(names.filter((name) => others.test(name)).sort()).toEqual([
      'averaged.superseded.safetensors',
      'checkpoint.superseded.pth.tar',
      'checkpoints/best.superseded.safetensors',
      'model_best.superseded.pth.tar',
    ]);
  });
});
