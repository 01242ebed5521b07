/**
 * Twelve training steps on the native device, in float32, against PyTorch's float64
 * (tools/oracle/make_training.py).
 */
import { type Program, programOf } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { digestError } from '../../../core/test/support/digest.js';
import { parameter } from '../../../core/test/support/prng.js';
import { networkOf, resolveConfig, type TrainConfig, trainingStep } from '../../src/index.js';
import { imageArrays } from '../../src/task/images.js';
import { fixtures, pytorchBatch, SHAPE, type Variant } from '../support/pytorch-batch.js';

const { about, ...variants } = fixtures;
const { batch: BATCH, crop: SIDE } = SHAPE;

/**
 * Our float32 kernels sum in a different order than PyTorch's, so their errors may exceed those of its runs
 * by this factor.
 */
const SLACK = 10;
const ROUNDING = 3e-7;

function configOf({ network, optimizer }: Variant): TrainConfig {
  return resolveConfig({ network: { ...about.network, ...network }, optimizer }, 'training.json');
}

function startingStep(config: TrainConfig): Program {
  const network = networkOf(config.network);
  const step = programOf(trainingStep(network, config.optimizer, { batch: BATCH, crop: SIDE }));
  for (const { name, shape, kind, role } of network.namedStates()) {
    if (kind === 'parameter') step.store.write(name, parameter(name, shape));
    else if (role === 'one') step.store.write(name, new Float32Array(shape[0] ?? 0).fill(1));
  }
  return step;
}

describe('training follows PyTorch', () => {
  it.each(Object.entries(variants))('%s', async (_name, variant: Variant) => {
    const config = configOf(variant);
    const step = startingStep(config);
    const lr = Float32Array.of(config.optimizer.learning_rate);
    for (const [index, expected] of variant.losses.entries()) {
      const { outputs } = await step.run({
        ...imageArrays(pytorchBatch(index), SHAPE),
        labels: pytorchBatch(index).labels,
        lr,
        lr_classifier: lr,
        step: Float32Array.of(index + 1),
        seed: Int32Array.of(0),
      });
      const error = Math.abs(Number(outputs.loss?.[0]) / expected - 1);
      // A value near an activation's kink may cross it a step sooner or later than in PyTorch's runs.
      const bound = Math.max(...variant.float32ErrorsOfPyTorch.losses.slice(index, index + 2));
      expect(error, `loss of step ${index + 1}`).toBeLessThan(SLACK * bound + ROUNDING);
    }
    const errors = Object.entries(variant.state).map(([name, digest]): [string, number] => [
      name,
      digestError(name, step.store.read(name, 'float32').data, digest),
    ]);
    expect(errors.length).toBe(
      step.store.specs.filter(({ kind, dtype }) => kind !== 'optimizer' && dtype === 'float32').length,
    );
    const limit = SLACK * variant.float32ErrorsOfPyTorch.state + ROUNDING;
    expect(errors.filter(([, error]) => !(error < limit))).toEqual([]);
  });
});
