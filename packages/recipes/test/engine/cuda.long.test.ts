/** Training on the CUDA device (emulated without a GPU) compared with training on the CPU. */
import { cpu, type Device } from '@inplace-abn/core';
import { CudaDevice, cudaOptions } from '@inplace-abn/cuda';
import type { Batch } from '@inplace-abn/data';
import { beforeAll, describe, expect, it } from 'vitest';
import { emulate } from '../../../cuda/test/support/emulated.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';

beforeAll(emulate);

const open = (graphs = false) => new CudaDevice(0, { ...cudaOptions(), graphs });

/** Different colors in every step. */
function batchOf(step: number): Batch {
  const batch = sampleBatch();
  return { ...batch, color: batch.color.map((value, i) => value + 0.02 * Math.sin(step + i)), number: step };
}

interface Outcome {
  readonly losses: number[];
  readonly weight: number[];
}

/** Losses of `steps` steps from the same weights; with `ahead` each batch but the first is prefetched. */
async function losses(
  device: Device,
  steps: number,
  network: Record<string, unknown>,
  ahead = false,
): Promise<Outcome> {
  const config = configOf({ network, optimizer: { clip: 1 } });
  const engine = new Engine({ device, config, evaluationBatches: [] });
  engine.load(initialStateOf(engine.network, config.network, 3));
  const found: number[] = [];
  let batch = batchOf(0);
  for (let step = 0; step < steps; step++) {
    const running = engine.train(batch, {
      rates: { base: 0.02, classifier: 0.02 },
      update: step + 1,
      seed: step,
    });
    const next = batchOf(step + 1);
    if (ahead) engine.prefetch(next);
    found.push((await running).loss);
    batch = next;
  }
  return { losses: found, weight: [...engine.store.read('classifier.fc.weight').data].map(Number) };
}

// At the kink of leaky ReLU, rounding decides the gradient. ELU is smooth, so the runs stay close.
const ELU = { activation: 'elu', activation_param: 1 };

describe('steps from the same weights', () => {
  it('match the CPU for fifty steps in float32', async () => {
    const [here, there] = [await losses(cpu(), 50, ELU), await losses(open(), 50, ELU)];
    here.losses.forEach((loss, i) => {
      expect(there.losses[i], `step ${i}`).toBeCloseTo(loss, 4);
    });
    expect(here.losses.at(-1)).toBeLessThan(here.losses[0] ?? 0);
  });

  it('match the CPU in bfloat16 within rounding', async () => {
    const [here, there] = [
      await losses(cpu(), 20, ELU),
      await losses(open(), 20, { ...ELU, precision: 'bfloat16' }),
    ];
    here.losses.forEach((loss, i) => {
      expect(Math.abs((there.losses[i] ?? Number.NaN) - loss), `step ${i}`).toBeLessThan(
        0.05 * Math.max(1, loss),
      );
    });
  });
});

it('is bit-identical when repeated with captured graphs and prefetched batches', async () => {
  const plain = await losses(open(), 6, ELU);
  expect(await losses(open(), 6, ELU)).toEqual(plain);
  expect(await losses(open(true), 6, ELU)).toEqual(plain);
  expect(await losses(open(true), 6, ELU, true)).toEqual(plain);
});
