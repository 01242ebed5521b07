/** Two runs that differ in one bit: the step and the instruction where they diverge. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRunState, saveRunState } from '@inplace-abn/checkpoint';
import { cpu, type Device } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { referenceDevice } from '../../../core/test/support/reference-device.js';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { type ComparedRun, compareRuns } from '../../src/index.js';
import { firstOther } from '../../src/run/compare.js';
import { configOf, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

const config = configOf({
  network: { width: 0.05 },
  optimizer: { momentum: 0.9, schedule: { epochs: 1 } },
  input: { crop_train: 8, crop_val: 8, scale_val: 9 },
});
const WEIGHT = 'mod3.block1.convs.conv2.weight';

let data: string;
let run: string;

const compared = (folder: string, device: Device = cpu()): ComparedRun => {
  return { run: folder, config, data, device, workers: 2 };
};

/** A copy of the run; with `step`, one bit of a weight is changed in that checkpoint. */
async function copyOf(step?: number, from = run): Promise<string> {
  const copy = join(await temporaryFolder(), 'run');
  await cp(from, copy, { recursive: true });
  if (step === undefined) return copy;
  const path = join(copy, 'checkpoints', `checkpoint-${step}.safetensors`);
  const state = await loadRunState(path);
  const data = state.model.get(WEIGHT)?.data ?? expect.fail('no weight');
  const bytes = new Uint8Array(data.buffer, data.byteOffset, 4);
  bytes.set([(bytes[2] ?? 0) ^ 1], 2);
  await saveRunState(path, state);
  return copy;
}

beforeAll(async () => {
  data = await imageFolder();
  run = join(await temporaryFolder(), 'run');
  await runTraining({ config, data, logDir: run, saveEvery: 2, maxSteps: 4 });
});

describe('compareRuns', () => {
  it('finds no difference between a run and its copy', async () => {
    expect(await compareRuns([compared(run), compared(await copyOf())])).toBeNull();
  });

  it('finds one changed bit of a checkpoint at the instruction that reads it', async () => {
    const other = await copyOf(4);
    expect(await compareRuns([compared(run), compared(other)])).toMatchObject({
      recorded: null,
      states: [WEIGHT],
      step: 5,
      at: { op: 'conv2d', path: 'mod3.block1.convs.conv2', phase: 'forward' },
    });
  });

  it('finds the step that differs if a run resumed with another learning rate', async () => {
    // Autotuned kernels could differ from one run to the next.
    const device = referenceDevice();
    const folder = await temporaryFolder();
    const [first, other] = [join(folder, 'first'), join(folder, 'other')];
    const faster = { ...config, optimizer: { ...config.optimizer, learning_rate: 0.06 } };
    await runTraining({ config, data, logDir: first, device, maxSteps: 2 });
    await runTraining({ config: faster, data, logDir: other, device, maxSteps: 2 });
    const second = { ...compared(other, device), config: faster };
    expect(await compareRuns([compared(first, device), second])).toMatchObject({
      recorded: 2,
      states: [],
      step: 1,
      at: { phase: 'update' },
    });
  });

  it('finds the step that differs between checkpoints with the same losses', async () => {
    const device = referenceDevice();
    const folder = await temporaryFolder();
    const [first, other] = [join(folder, 'first'), join(folder, 'other')];
    // No loss depends on the learning rate of the last step.
    const changed = { ...config, optimizer: { ...config.optimizer, weight_decay: 0.01 } };
    await runTraining({ config, data, logDir: first, device, maxSteps: 1 });
    await runTraining({ config: changed, data, logDir: other, device, maxSteps: 1 });
    const second = { ...compared(other, device), config: changed };
    expect(await compareRuns([compared(first, device), second])).toMatchObject({
      recorded: null,
      states: [],
      step: 1,
      at: { phase: 'update' },
    });
  });

  it('finds a changed checkpoint after the last step', async () => {
    const whole = join(await temporaryFolder(), 'whole');
    await runTraining({ config, data, logDir: whole });
    const other = await copyOf(STEPS_PER_EPOCH, whole);
    expect(await compareRuns([compared(whole), compared(other)])).toMatchObject({
      states: [WEIGHT],
      step: STEPS_PER_EPOCH + 1,
      at: null,
    });
  });
});

describe('the first instruction that differs', () => {
  const made = (hash: string, instruction: number) => {
    return { hash, instruction, part: 0, op: 'add', path: 'a', phase: 'forward' as const };
  };
  const steps = ['x', 'y', 'z'].map(made);

  it('may exist in only one run', () => {
    const { hash: _, ...last } = made('z', 2);
    expect(firstOther(steps, steps.slice(0, 2))).toEqual(last);
    expect(firstOther(steps.slice(0, 2), steps)).toEqual(last);
  });

  it('wrote different bits or ran another op', () => {
    expect(firstOther(steps, ['x', 'w', 'z'].map(made))?.instruction).toBe(1);
    expect(firstOther(steps, [...steps.slice(0, 2), { ...made('z', 2), op: 'mul' }])?.instruction).toBe(2);
    expect(firstOther(steps, steps)).toBeNull();
  });
});
