/** A run with every option, stopped halfway and resumed; exact-resume.test.ts draws options at random. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { linesOf } from '../support/drawn-runs.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';

const STEPS = 9;

const EVERYTHING = {
  loss: { type: 'bce', label_smoothing: 0.1, class_weights: 'balanced', bce_threshold: 0.2 },
  mix: { mixup: 0.3, cutmix: 1 },
  ema: { decay: 0.9, every: 2, warmup: true },
  control: { patience: 9, log_gradient_norm: true },
  optimizer: {
    accumulate: 3,
    layer_decay: 0.75,
    groups: [{ parameters: ['mod1'], rate_factor: 0.1 }],
    type: 'LAMB',
    learning_rate: 1e-3,
  },
  input: { sampling: 'balanced' },
};

describe('a resumed run with options', () => {
  let data: string;
  beforeAll(async () => {
    data = await imageFolder();
  });

  async function check(sections: Parameters<typeof configOf>[0]) {
    const config = configOf({ ...sections, network: { width: 0.05 } });
    const [whole, halved] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
    await runTraining({ config, data, logDir: whole, maxSteps: STEPS });
    // Within the first epoch, which has seven steps.
    await runTraining({ config, data, logDir: halved, maxSteps: 4 });
    const resume = join(halved, 'checkpoints');
    await runTraining({ config, data, logDir: halved, workers: 1, resume, maxSteps: STEPS });
    expectSameState(await lastState(halved), await lastState(whole));
    expect(await linesOf(halved)).toEqual(await linesOf(whole));
    return linesOf(whole);
  }

  it('equals an uninterrupted one with every option on', async () => {
    const lines = await check(EVERYTHING);
    const validation = lines.find(({ phase }) => phase === 'val');
    expect(validation?.averaged?.loss).toBeGreaterThan(0);
    expect(validation?.averaged?.top1).toBeGreaterThanOrEqual(0);
    expect(
      lines.filter(({ phase }) => phase === 'train').every(({ gradientNorm = 0 }) => gradientNorm > 0),
    ).toBe(true);
  });
});
