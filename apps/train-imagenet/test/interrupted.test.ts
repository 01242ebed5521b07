/** Runs of the real program that are killed or interrupted, and resumed. */
import { existsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  configOf,
  expectSameState,
  lastState,
  rawConfig,
  runTraining,
} from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { run, start } from './support/programs.js';

const SAVED = 20;
/** Steps after resuming, which include the end of an epoch. */
const MORE = 8;

/** More epochs than any test completes. */
const SECTIONS = {
  optimizer: { nesterov: true, schedule: { epochs: 10_000 } },
  input: { lighting_train: true },
};

describe('train-imagenet', () => {
  let data: string;
  let config: string;
  beforeAll(async () => {
    data = await imageFolder();
    config = join(await temporaryFolder(), 'config.json');
    await writeFile(config, JSON.stringify(rawConfig(SECTIONS)));
  });

  const newFolder = async () => join(await temporaryFolder(), 'run');

  /**
   * Resumes the run with each number of workers and compares it with an uninterrupted run within the test's
   * process.
   */
  async function expectExactResume(logDir: string, workers: readonly number[]): Promise<void> {
    const { meta } = await lastState(logDir);
    const maxSteps = meta.step + MORE;
    const through = await newFolder();
    await runTraining({ config: configOf(SECTIONS), data, logDir: through, maxSteps });
    for (const count of workers) {
      const copy = await newFolder();
      await cp(logDir, copy, { recursive: true });
      const args = [
        config,
        data,
        '--log-dir',
        copy,
        '--resume',
        join(copy, 'checkpoints'),
        '-j',
        String(count),
      ];
      const { code, stdout, stderr } = await run('main', ...args, '--max-steps', String(maxSteps));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`epoch ${meta.epoch}, step ${meta.step}\n`);
      expectSameState(await lastState(copy), await lastState(through));
    }
  }

  it('resumes bit for bit after kill −9, with 1 and with 3 workers', async () => {
    const logDir = await newFolder();
    const { child, ended } = start('main', [config, data, '--log-dir', logDir, '--save-every', '10']);
    const saved = join(logDir, 'checkpoints', `checkpoint-${SAVED}.safetensors`);
    while (!existsSync(saved) && child.exitCode === null) await pause(2);
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    expect((await lastState(logDir)).meta.step).toBeGreaterThanOrEqual(SAVED);
    await expectExactResume(logDir, [1, 3]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('saves on %s, exits with %i and resumes bit for bit', async (signal, exitCode) => {
    const logDir = await newFolder();
    const args = [config, data, '--log-dir', logDir, '--print-freq', '1'];
    let sent = false;
    const { child, ended } = start('main', args, (stdout) => {
      if (!sent && stdout.includes('step 3/7')) sent = child.kill(signal);
    });
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: '' });
    expect(stdout).toContain(`${signal}: finishing this step and saving; repeat to kill`);
    const { meta } = await lastState(logDir);
    expect(stdout).toContain(
      `stopped after step ${meta.step}; continue with --resume ${join(logDir, 'checkpoints')}`,
    );
    expect(existsSync(join(logDir, 'report.html'))).toBe(true);
    await expectExactResume(logDir, [2]);
  });
});
