/**
 * Random steps of a run with every augmentation, each replayed from the nearest checkpoint to the same bits.
 */
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { type Engine, Replay, resolveConfig } from '../../src/index.js';
import { rawConfig, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

const EPOCHS = 6;
/** Steps that are replayed. */
const STEPS = 20;

describe.each(['rand_augment', 'trivial_augment'])('a run with %s and all other augmentation', (policy) => {
  const config = resolveConfig(
    {
      ...rawConfig({
        network: { width: 0.05 },
        optimizer: {
          ...{ momentum: 0.9, weight_decay: 1e-3, clip: 1, accumulate: 2 },
          schedule: { epochs: EPOCHS, type: 'cosine' },
        },
        input: { crop_train: 8, crop_val: 8, scale_val: 9, color_jitter_train: true, lighting_train: true },
        mix: { mixup: 0.2, cutmix: 1 },
        ema: { decay: 0.9 },
      }),
      augmentation: { [policy]: true, random_erasing: 0.5, random_erasing_mode: 'pixel' },
    },
    'test.json',
  );
  let data: string;
  let run: string;
  /** Digests of the run's states, by step. */
  const digests: string[] = [''];

  beforeAll(async () => {
    data = await imageFolder();
    run = join(await temporaryFolder(), 'run');
    let parts = 0;
    const onEngine = (engine: Engine) => {
      engine.trace(() => {
        parts += 1;
        if (parts % 2 === 0) digests.push(engine.digest());
      });
    };
    await runTraining({ config, data, logDir: run, saveEvery: 4, onEngine });
    expect(digests).toHaveLength(EPOCHS * STEPS_PER_EPOCH + 1);
  });

  const all = Array.from({ length: EPOCHS * STEPS_PER_EPOCH }, (_, i) => i + 1);
  const [chosen = []] = fc.sample(fc.shuffledSubarray(all, { minLength: STEPS, maxLength: STEPS }), 1);

  it.each(chosen)('replays step %i with the same bits', async (step) => {
    const replay = await Replay.open({ run, config, data, device: cpu(), workers: 2, step });
    await replay.advance(step);
    expect(replay.engine.digest()).toBe(digests[step]);
    await replay.close();
  });
});
