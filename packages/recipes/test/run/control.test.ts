/** How runs end, and runs that write nothing. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { type DryRunOptions, dryRun } from '../../src/index.js';
import { configOf, lastState, Output, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

describe('a run with control options', () => {
  let data: string;
  beforeAll(async () => {
    data = await imageFolder();
  });

  it('ends as complete when it stops improving', async () => {
    const config = configOf({
      network: { width: 0.05 },
      // Nothing is learned, but the statistics settle; the first result is the one to beat.
      optimizer: { learning_rate: 0, schedule: { epochs: 9 } },
      control: { patience: 1, min_delta: 100 },
    });
    const logDir = join(await temporaryFolder(), 'run');
    const { stopped, early, text } = await runTraining({ config, data, logDir });
    expect({ stopped, early }).toEqual({ stopped: null, early: true });
    expect(text).toMatch(/ended after epoch [12]: no better result for 1 epochs/);
    const { epoch, resultToBeat } = (await lastState(logDir)).meta;
    expect(epoch).toBeLessThan(3);
    const [first] = (await readMetrics(join(logDir, 'metrics.jsonl'))).filter(({ phase }) => phase === 'val');
    expect(resultToBeat).toBe(first?.top1);
    const [header = '', ...rows] = (await readFile(join(logDir, 'metrics.csv'), 'utf8'))
      .trimEnd()
      .split('\n');
    expect(header).toMatch(/^phase,epoch,step,loss,top1,/);
    expect(rows.length).toBe(epoch * (STEPS_PER_EPOCH + 1));
    expect(rows.every((row) => row.split(',').length === header.split(',').length)).toBe(true);
    const again = await runTraining({ config, data, logDir, resume: join(logDir, 'checkpoints') });
    expect(again.early).toBe(true);
    expect((await lastState(logDir)).meta.epoch).toBe(epoch);
  });

  it('stops as if signaled when its time limit is reached', async () => {
    // The time that the process has taken so far, so that none is left.
    const config = configOf({ network: { width: 0.05 }, control: { time_limit: performance.now() / 1000 } });
    const logDir = join(await temporaryFolder(), 'run');
    const { stopped, text } = await runTraining({ config, data, logDir });
    expect(stopped).toBe('SIGTERM');
    expect(text).toContain('control.time_limit is reached: finishing this step and saving');
  });

  it('tells the results of the averages from those of the weights', async () => {
    const config = configOf({ network: { width: 0.05 }, ema: { decay: 0.9 } });
    const { text } = await runTraining({ config, data, logDir: join(await temporaryFolder(), 'run') });
    const lines = text.split('\n').filter((line) => line.startsWith('val '));
    expect([...new Set(lines.map((line) => line.replace(/ {2}step.*/, '')))]).toEqual(
      [1, 2].flatMap((epoch) => [`val   ${epoch}/2`, `val   ${epoch}/2 averaged`]),
    );
  });

  it('dry-runs a step and a validation batch without writing anything', async () => {
    const config = configOf({ network: { width: 0.05 }, ema: { decay: 0.9 }, mix: { cutmix: 1 } });
    const stream = new Output();
    // The checkout may have a `runs` folder with the user's own runs.
    const runs = async () => (existsSync('runs') ? readdir('runs') : 'no folder');
    const before = [await readdir(data), await runs()];
    await dryRun({ config, data, device: cpu(), workers: 1, printFreq: 1, stream });
    expect(stream.text).toMatch(/one training step: loss \d/);
    expect(stream.text).toMatch(/one validation batch: loss \d.*top-1/);
    expect(stream.text).toMatch(/the same with averaged weights: loss \d/);
    expect(stream.text).toContain('dry run: nothing was written');
    expect([await readdir(data), await runs()]).toEqual(before);
  });

  it('dry-runs the step that the run would begin with', async () => {
    const config = configOf({ network: { width: 0.05 }, optimizer: { learning_rate: 0.2 } });
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, maxSteps: 2 });
    const files = await readdir(logDir, { recursive: true });
    const said = async (options: Partial<DryRunOptions>) => {
      const stream = new Output();
      await dryRun({ config, data, device: cpu(), workers: 1, printFreq: 1, stream, ...options });
      return stream.text.split('\n').filter((line) => / (?:step|batch|weights): loss/.test(line));
    };
    const lossIn = (line = '') => line.replace(/.*: (?=loss)/, '');
    const anew = await said({});
    const continued = await said({ logDir, continueRun: true });
    expect(continued).toEqual(await said({ resume: join(logDir, 'checkpoints') }));
    expect(continued).not.toEqual(anew);
    expect(await said({ logDir: join(logDir, 'absent'), continueRun: true })).toEqual(anew);
    // Averages start at the loaded weights and move with the step, whose rate is 0 here.
    const averaged = configOf({
      network: { width: 0.05 },
      optimizer: { learning_rate: 0, frozen_statistics: true },
      ema: { decay: 0.9, every: 2 },
    });
    const resume = join(logDir, 'checkpoints');
    const [, plain, same] = await said({ config: averaged, resume, take: 'weights' });
    expect(same).toMatch(/averaged weights/);
    expect(lossIn(same)).toBe(lossIn(plain));
    expect(await readdir(logDir, { recursive: true })).toEqual(files);
  });
});
