/** A run with every augmentation is replayed step by step, bit for bit. */
import { cp, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import {
  dumpLayer,
  type Engine,
  findNonFinite,
  Replay,
  type ReplayOptions,
  resolveConfig,
} from '../../src/index.js';
import { rawConfig, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

const config = resolveConfig(
  {
    ...rawConfig({
      network: { width: 0.05 },
      optimizer: { momentum: 0.9, weight_decay: 1e-3, clip: 1, schedule: { epochs: 2 } },
      input: { crop_train: 8, crop_val: 8, scale_val: 9, color_jitter_train: true, lighting_train: true },
      mix: { mixup: 0.2, cutmix: 1 },
      ema: { decay: 0.9 },
    }),
    augmentation: { rand_augment: true, random_erasing: 0.5, random_erasing_mode: 'pixel' },
  },
  'test.json',
);

let data: string;
let run: string;
/** Digests of the run's states, by step. */
const digests: string[] = [''];

/** Names, sizes and times of a folder's files. */
async function filesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

function open(step: number, options: Partial<ReplayOptions> = {}): Promise<Replay> {
  return Replay.open({ run, config, data, device: cpu(), workers: 2, step, ...options });
}

beforeAll(async () => {
  data = await imageFolder();
  run = join(await temporaryFolder(), 'run');
  const onEngine = (engine: Engine) => {
    engine.trace(() => digests.push(engine.digest()));
  };
  await runTraining({ config, data, logDir: run, saveEvery: 5, onEngine });
});

describe('a replay', () => {
  // Replays start at the beginning and at the checkpoints of steps 10 and 14; the last replay crosses into
  // the next epoch.
  it.each([1, 4, 8, 11, 2 * STEPS_PER_EPOCH])('replays step %i with the bits of the run', async (step) => {
    const before = await filesIn(run);
    const replay = await open(step);
    await replay.advance(step);
    expect(replay.engine.digest()).toBe(digests[step]);
    await replay.close();
    expect(await filesIn(run)).toEqual(before);
  });

  it('replays a step one instruction at a time', async () => {
    const replay = await open(12);
    await replay.advance(11);
    const phases = new Set<string>();
    await replay.inspect(({ phase, values }) => {
      if (values.length > 0) phases.add(phase);
    });
    expect(replay.engine.digest()).toBe(digests[12]);
    expect([...phases]).toEqual(expect.arrayContaining(['forward', 'backward', 'update']));
    await replay.close();
  });

  it('writes the values that a layer computes in a step', async () => {
    const out = join(await temporaryFolder(), 'layer.safetensors');
    const replay = await open(12);
    const count = await dumpLayer(replay, 12, 'mod2.block1.convs.bn1', out);
    const { tensors } = await readSafetensors(out);
    expect(tensors.size).toBe(count);
    const [applied] = [...tensors].filter(([name]) => name.includes('.forward.abn_apply.'));
    expect(applied?.[1].shape.slice(0, 3)).toEqual([8, 8, 8]);
    const other = await open(12);
    await expect(dumpLayer(other, 12, 'mod2.nothing', out)).rejects.toThrow(
      /no instruction is at mod2\.nothing; there are some at mod2\./,
    );
    await Promise.all([replay.close(), other.close()]);
  });

  it('finds the instruction that produces the first value that is not finite', async () => {
    const replay = await open(12);
    expect(await findNonFinite(replay, 12)).toBeNull();
    const { store } = replay.engine;
    const name = 'mod3.block1.convs.conv2.weight';
    const { data: weights } = store.read(name, 'float32');
    weights.fill(Number.NaN);
    store.write(name, weights);
    expect(await findNonFinite(replay, 13)).toMatchObject({
      step: 13,
      at: { op: 'conv2d', path: 'mod3.block1.convs.conv2', phase: 'forward' },
    });
    await replay.close();
  });

  it('reports that the run was a different one', async () => {
    const copy = join(await temporaryFolder(), 'run');
    await cp(run, copy, { recursive: true });
    const other = { ...config, seed: 2 };
    const replay = await open(1, { run: copy, config: other });
    await expect(replay.advance(2)).rejects.toMatchObject({ code: 'ERR_NOT_THE_RUN' });
    await replay.close();
    expect(await readFile(join(copy, 'config.json'), 'utf8')).toContain('"seed": 1');
  });

  it('ends where the run does', async () => {
    const replay = await open(20);
    await expect(replay.advance(20)).rejects.toThrow(
      'the run has 14 steps: there are no later ones to replay',
    );
    expect(replay.hasRecorded(14)).toBe(true);
    expect(replay.hasRecorded(15)).toBe(false);
    expect(await findNonFinite(replay, 15)).toBeNull();
  });
});
