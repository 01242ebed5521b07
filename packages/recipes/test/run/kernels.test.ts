/** A resumed run uses the kernels that it started with, whichever are fastest where it resumes. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunState } from '@inplace-abn/checkpoint';
import { cpu, type Device } from '@inplace-abn/core';
import { changedKernels, kernelNotes } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { lacking, timedAs } from '../../../train/test/support/devices.js';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { evaluate } from '../../src/run/evaluate.js';
import { bytesOf, configOf, expectSameState, lastState, Output, runTraining } from '../support/runs.js';

/** Wide enough for Winograd's kernels. */
const config = configOf({ network: { width: 0.25 }, optimizer: { schedule: { epochs: 1 } } });
const [HALF, ALL] = [1, 2];

describe('a run that resumes where other kernels are faster', () => {
  let data: string;
  let straight: RunState;
  beforeAll(async () => {
    data = await imageFolder();
    straight = await lastState(await begun(timedAs('winograd'), ALL));
  });

  async function begun(device: Device, maxSteps: number): Promise<string> {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, device, maxSteps });
    return logDir;
  }

  const goesOn = (logDir: string, device: Device) =>
    runTraining({ config, data, logDir, device, resume: join(logDir, 'checkpoints'), maxSteps: ALL });

  it('uses the kernels that it started with: every bit equals that of an uninterrupted run', async () => {
    const logDir = await begun(timedAs('winograd'), HALF);
    const { text } = await goesOn(logDir, timedAs('onednn'));
    expect(text).not.toContain('last bits');
    expectSameState(await lastState(logDir), straight);
    // They are in the new checkpoint too, so the next resume also uses them.
    expect((await lastState(logDir)).meta.kernels).toEqual(straight.meta.kernels);
    const kernels = JSON.parse(await readFile(join(logDir, 'kernels.json'), 'utf8'));
    expect(kernels).toEqual(straight.meta.kernels);
    expect(kernels.machine).toBe(cpu().machine);
    expect(new Set(Object.values(kernels.names))).toContain('winograd');
  });

  it('would have other bits with the faster kernels', async () => {
    const other = await lastState(await begun(timedAs('onednn'), ALL));
    const name = 'mod1.conv1.weight';
    expect(bytesOf(other.model.get(name)).equals(bytesOf(straight.model.get(name)))).toBe(false);
  });

  it('says in one line which kernels are not available', async () => {
    const logDir = await begun(timedAs('winograd'), HALF);
    const { text } = await goesOn(logDir, lacking('winograd'));
    const lines = text.split('\n').filter((line) => line.includes('last bits'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /this machine cannot use \d+ kernels of the earlier run \(winograd for conv2d\S* float32\S* .*: this version has no such kernel\): sums may differ in their last bits from here on/,
    );
  });

  it('is evaluated with them: the loss equals that of its own validation, to the bit', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    const { validation } = await runTraining({ config, data, logDir, device: timedAs('winograd') });
    const shared = { config, data, workers: 1, printFreq: 1, stream: new Output() };
    const device = timedAs('onednn');
    for (const file of ['checkpoints', 'checkpoints/best.safetensors', 'checkpoint.pth.tar']) {
      expect(await evaluate({ ...shared, device, resume: join(logDir, file) }), file).toEqual(validation);
    }
    await rm(join(logDir, 'kernels.json'));
    const others = await evaluate({ ...shared, device, resume: join(logDir, 'checkpoint.pth.tar') });
    expect(others.loss).not.toBe(validation?.loss);
  });

  it('autotunes its own kernels if only the weights come from a run', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    const resume = join(await begun(timedAs('winograd'), HALF), 'checkpoints');
    const device = timedAs('onednn');
    await runTraining({ config, data, logDir, device, resume, take: 'weights', maxSteps: 1 });
    const { kernels } = (await lastState(logDir)).meta;
    expect(JSON.stringify(kernels)).not.toContain('winograd');
  });
});

describe('notes', () => {
  it("mention kernels that another process stored in the run's folder meanwhile", () => {
    const of = (names: Record<string, string>) => ({ machine: 'A', names });
    const [mine, theirs] = [{ a: 'onednn' }, { a: 'winograd' }];
    expect(changedKernels(null, of(theirs), mine)).toContain('restart it');
    expect(changedKernels(null, of(mine), mine)).toBeNull();
    // It was requested and is not available; another note says so.
    expect(changedKernels(of(theirs), of(theirs), mine)).toBeNull();
    expect(changedKernels(null, of({ b: 'winograd' }), mine)).toBeNull();
    expect(changedKernels(null, null, mine)).toBeNull();
  });

  const soFar = { machine: '8 threads of A', names: {} };
  const missing = { key: 'conv2d …', asked: 'winograd', reason: 'it wants AVX2' };

  it('mention another machine, and each process', () => {
    expect(kernelNotes(null, '2 threads of B', [[]])).toEqual([]);
    expect(kernelNotes(soFar, '8 threads of A', [[], []])).toEqual([]);
    expect(kernelNotes(soFar, '2 threads of B', [[], [missing]])).toEqual([
      'the run was computed on 8 threads of A, this is 2 threads of B: sums may differ in their last bits from here on',
      'rank 1 cannot use a kernel of the earlier run (winograd for conv2d …: it wants AVX2): sums may differ in their last bits from here on',
    ]);
  });
});
