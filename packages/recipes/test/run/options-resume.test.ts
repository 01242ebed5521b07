/** Runs with drawn options, stopped in the middle and resumed: the same bits as runs that went through. */
import { join } from 'node:path';
import { readMetrics } from '@inplace-abn/train';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';

const STEPS = 9;

const options = fc.record({
  loss: fc.record({
    type: fc.constantFrom('cross_entropy', 'bce', 'focal'),
    label_smoothing: fc.constantFrom(0, 0.1),
    class_weights: fc.constantFrom([], [1, 2, 0.5], 'balanced'),
  }),
  mix: fc.record({ mixup: fc.constantFrom(0, 0.3), cutmix: fc.constantFrom(0, 1) }),
  ema: fc.record({ decay: fc.constantFrom(0, 0.9), every: fc.constantFrom(1, 2), warmup: fc.boolean() }),
  control: fc.record({ patience: fc.constantFrom(0, 9), log_gradient_norm: fc.boolean() }),
  optimizer: fc.record({
    accumulate: fc.constantFrom(1, 3),
    layer_decay: fc.constantFrom(1, 0.75),
    groups: fc.constantFrom([], [{ parameters: ['mod1'], rate_factor: 0.1, weight_decay: 0 }]),
    type: fc.constantFrom('SGD', 'AdamW', 'LAMB'),
    learning_rate: fc.constant(1e-3),
  }),
  input: fc.record({ sampling: fc.constantFrom('shuffled', 'balanced') }),
});

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
    // Within the first epoch, of seven steps.
    await runTraining({ config, data, logDir: halved, maxSteps: 4 });
    const resume = join(halved, 'checkpoints');
    await runTraining({ config, data, logDir: halved, workers: 1, resume, maxSteps: STEPS });
    expectSameState(await lastState(halved), await lastState(whole));
    const lines = async (folder: string) =>
      (await readMetrics(join(folder, 'metrics.jsonl'))).map(
        ({ time: _, imagesPerSecond: __, waitShare: ___, ...rest }) => rest,
      );
    expect(await lines(halved)).toEqual(await lines(whole));
    return lines(whole);
  }

  it('equals one that went through with every option on', async () => {
    const lines = await check(EVERYTHING);
    const validation = lines.find(({ phase }) => phase === 'val');
    expect(validation?.averaged?.loss).toBeGreaterThan(0);
    expect(validation?.averaged?.top1).toBeGreaterThanOrEqual(0);
    expect(
      lines.filter(({ phase }) => phase === 'train').every(({ gradientNorm = 0 }) => gradientNorm > 0),
    ).toBe(true);
  });

  it('equals it with options that are drawn', async () => {
    await fc.assert(
      fc.asyncProperty(options, async (sections) => void (await check(sections))),
      {
        numRuns: 3,
        seed: 24,
      },
    );
  });
});
