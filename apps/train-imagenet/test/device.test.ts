/** The real program on the emulated CUDA device, and on several processes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { emulatedEnvironment } from '../../../packages/cuda/test/support/emulated.js';
import { expectSameState, lastState, rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { run } from './support/programs.js';

describe('train-imagenet --device', () => {
  let data: string;
  let config: string;
  beforeAll(async () => {
    data = await imageFolder();
    config = join(await temporaryFolder(), 'config.json');
    const network = { bn_mode: 'sync', activation: 'elu', activation_param: 1 };
    await writeFile(config, JSON.stringify(rawConfig({ network, optimizer: { learning_rate: 0.01 } })));
  });

  const before = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  /** Environment of the programs that a test starts. */
  const emulate = (more: Record<string, string> = {}) =>
    Object.assign(process.env, emulatedEnvironment(), more);

  async function train(...options: string[]) {
    const folder = join(await temporaryFolder(), 'run');
    const outcome = await run('main', config, data, '--log-dir', folder, '--max-steps', '3', ...options);
    expect(outcome.stderr.replace(/^\d+ processes share .*\n/, '')).toBe('');
    expect(outcome.code).toBe(0);
    return { ...outcome, state: await lastState(folder) };
  }

  let alone: ReturnType<typeof train> | undefined;
  /** One process on the emulated device. */
  const trainedAlone = () => {
    emulate();
    alone ??= train('--device', 'cuda');
    return alone;
  };

  it('uses and prints the given device, and computes the same with its number', async () => {
    const found = await trainedAlone();
    expect(found.stdout).toContain('device cuda:0 (emulated device), experimental\n');
    emulate({ IABN_CUDA_GRAPHS: '1' });
    const named = await train('--device', 'cuda:0');
    expectSameState(named.state, found.state);
    const there = await train();
    expect(there.stdout).toContain('device cpu; this machine has a GPU (emulated device)');
  });

  it.each([['nccl'], ['gloo']])('trains with two processes, each on its own device, by %s', async (name) => {
    emulate({ IABN_EMULATED_DEVICES: '2' });
    const together = await train('--nproc', '2', '--device', 'cuda', '--dist-backend', name);
    const { state } = await trainedAlone();
    for (const [name, tensor] of state.model) {
      const other = together.state.model.get(name);
      const off = Array.from<number | bigint, number>(tensor.data, (value, i) =>
        Math.abs(Number(value) - Number(other?.data[i])),
      );
      expect(Math.max(...off), name).toBeLessThan(1e-4);
    }
  });

  it('says in one sentence what is missing', async () => {
    emulate({ IABN_EMULATED_DRIVER: '0' });
    const folder = join(await temporaryFolder(), 'run');
    const outcome = await run('main', config, data, '--log-dir', folder, '--device', 'cuda');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(
      /^error: (this machine has no NVIDIA GPU: use --device cpu, or leave --device out|no NVIDIA driver is installed: install one, or use --device cpu)\n$/,
    );
  });
});
