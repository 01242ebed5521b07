/**
 * Short runs with known results: a change to the code between configuration and kernels must not change a
 * bit of them.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunState } from '@inplace-abn/checkpoint';
import { describe, expect, it } from 'vitest';
import { referenceDevice } from '../../../core/test/support/reference-device.js';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import type { TrainConfig } from '../../src/index.js';
import { labeledFolder, segmentationConfigOf } from '../support/label-maps.js';
import { bytesOf, configOf, lastState, runTraining } from '../support/runs.js';

/** Digest of all tensors of a state, in order of their names. */
function digestOf({ model, optimizer }: RunState): string {
  const hash = createHash('sha256');
  for (const [name, tensor] of [...model, ...optimizer].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update(bytesOf(tensor));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Two steps; then, resumed, up to step `steps`, which is after the validation of the first epoch. */
async function run(config: TrainConfig, data: string, steps: number) {
  const logDir = join(await temporaryFolder(), 'run');
  const common = { config, data, logDir, device: referenceDevice() };
  await runTraining({ ...common, maxSteps: 2 });
  const resume = join(logDir, 'checkpoints');
  const { validation } = await runTraining({ ...common, resume, maxSteps: steps });
  return { digest: digestOf(await lastState(logDir)), validation };
}

const augmented = { color_jitter_train: true };

describe('every bit of the weights and the optimizer state is unchanged', () => {
  it('for a classifier', async () => {
    const config = configOf({
      network: { width: 0.05 },
      optimizer: { momentum: 0.9, weight_decay: 1e-3, clip: 1, classifier_lr: 0.1, batch_size: 16 },
      input: { ...augmented, lighting_train: true, crop_train: 8, crop_val: 8, scale_val: 9 },
    });
    expect(await run(config, await imageFolder(), 4)).toEqual({
      digest: '09ac1f5f134158b3',
      validation: { images: 15, loss: 1.0663870573043823, top1: 60, top5: 100 },
    });
  });

  it('for a segmentation network', async () => {
    const config = segmentationConfigOf({
      network: { width: 0.05 },
      optimizer: {
        momentum: 0.9,
        weight_decay: 1e-3,
        nesterov: true,
        schedule: { type: 'linear', mode: 'step', params: { alpha: -0.1, beta: 1 } },
      },
      input: { ...augmented, crop_train: 16, crop_val: 20 },
    });
    expect(await run(config, await labeledFolder(), 3)).toMatchObject({
      digest: '73e55b38aa7c59cc',
      validation: { images: 3, loss: 1.5891116857528687, miou: 7.569687480812918 },
    });
  });
});
