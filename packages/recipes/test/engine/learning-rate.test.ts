import { cpu } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { endOfRate, learningRateOf, onlyWarmUp } from '../../src/engine/learning-rate.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';

describe('learning rates', () => {
  const rates = (optimizer: Record<string, unknown>) => learningRateOf(configOf({ optimizer }).optimizer, 10);

  it('follow the schedule per epoch or per step, depending on its mode', () => {
    const params = { step_size: 2, gamma: 0.5 };
    const byEpoch = rates({ learning_rate: 1, schedule: { type: 'step', mode: 'epoch', params } });
    expect([byEpoch(0, 9), byEpoch(1, 9), byEpoch(2, 0), byEpoch(4, 0)].map(({ base }) => base)).toEqual([
      1, 1, 0.5, 0.25,
    ]);
    const byStep = rates({ learning_rate: 1, schedule: { type: 'step', mode: 'step', params } });
    expect([byStep(9, 1), byStep(0, 2)].map(({ base }) => base)).toEqual([1, 0.5]);
  });

  it.each<[string, Record<string, unknown>, number[]]>([
    ['constant', {}, [2, 2, 2]],
    ['multistep', { milestones: [1, 2], gamma: 0.5 }, [2, 1, 0.5]],
    ['exponential', { gamma: 0.5 }, [2, 1, 0.5]],
    ['linear', { alpha: -0.25, beta: 1 }, [2, 1.5, 1]],
  ])('take the parameters of %s', (type, params, expected) => {
    const at = rates({ learning_rate: 2, schedule: { type, params } });
    expect([0, 1, 2].map((epoch) => at(epoch, 0).base)).toEqual(expected);
  });

  it('warm up, then fall to the minimum rate at the end of the last epoch or step', () => {
    const rounded = (rate: number) => Math.round(1e9 * rate) / 1e9;
    const warmup = { length: 2, factor: 0.5 };
    const cosine = { type: 'cosine', epochs: 6, warmup, params: { min_rate: 0.2 } };
    const byEpoch = rates({ learning_rate: 2, classifier_lr: 1, schedule: cosine });
    expect([0, 1, 2, 4, 6].map((epoch) => rounded(byEpoch(epoch, 0).base))).toEqual([1, 1.5, 2, 1.1, 0.2]);
    // The minimum is a rate, not a factor: the same for all groups.
    expect([2, 4, 6].map((epoch) => rounded(byEpoch(epoch, 0).classifier))).toEqual([1, 0.6, 0.2]);
    const polynomial = {
      type: 'polynomial',
      mode: 'step',
      epochs: 2,
      warmup: { length: 4, type: 'constant' },
    };
    const byStep = rates({ learning_rate: 1, schedule: polynomial });
    expect([0, 3, 4, 12, 20].map((step) => rounded(byStep(0, step).base))).toEqual([0.01, 0.01, 1, 0.5, 0]);
  });

  it('are never below 0, and a note says when a linear schedule ends early', () => {
    const linear = (mode: string, epochs: number, alpha = -0.25) => {
      const schedule = { type: 'linear', mode, epochs, params: { alpha, beta: 1 } };
      return configOf({ optimizer: { learning_rate: 2, schedule } }).optimizer;
    };
    expect(learningRateOf(linear('epoch', 9), 3)(6, 0)).toEqual({ base: 0, classifier: 0 });
    expect(endOfRate(linear('epoch', 4), 3)).toBeNull();
    expect(endOfRate(linear('epoch', 9, 0.1), 3)).toBeNull();
    expect(endOfRate(linear('epoch', 6), 3)).toBe(
      'the learning rate is 0 from epoch 5 of 6 on: the linear schedule in optimizer.schedule.params ends there',
    );
    expect(endOfRate(linear('step', 2), 3)).toMatch(/is 0 from step 5 of 6 on:/);
  });

  it('a note says that a run is shorter than its warm-up', () => {
    const cosine = (mode: string, length: number, epochs = 3) =>
      configOf({ optimizer: { schedule: { type: 'cosine', mode, epochs, warmup: { length } } } }).optimizer;
    expect(onlyWarmUp(cosine('step', 500), 4)).toBe(
      'the warm-up takes all 12 steps of the run: optimizer.schedule.warmup.length is 500, in steps as optimizer.schedule.mode says',
    );
    expect(onlyWarmUp(cosine('step', 12), 4)).not.toBeNull();
    expect(onlyWarmUp(cosine('step', 11), 4)).toBeNull();
    expect(onlyWarmUp(cosine('step', 500, 0), 4)).toBeNull();
    expect(onlyWarmUp(cosine('epoch', 2), 1)).toBeNull();
  });

  it('can differ for the classifier, on the same schedule', () => {
    const schedule = { type: 'exponential', params: { gamma: 0.5 } };
    expect(rates({ learning_rate: 1, classifier_lr: 0.1, schedule })(1, 0)).toEqual({
      base: 0.5,
      classifier: 0.05,
    });
    expect(rates({ learning_rate: 1, classifier_lr: 0, schedule })(1, 0)).toEqual({
      base: 0.5,
      classifier: 0,
    });
    expect(rates({ learning_rate: 1, schedule })(1, 0)).toEqual({ base: 0.5, classifier: 0.5 });
  });

  it('of the classifier apply to the parameters of classifier.fc only', async () => {
    const config = configOf({ optimizer: { weight_decay: 0 } });
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(initialStateOf(engine.network, config.network, 1));
    const before = engine.store.stateDict('parameter');
    const batch = sampleBatch();
    await engine.train(batch, { rates: { base: 0, classifier: 0.1 }, update: 1, seed: 1 });
    const moved = [...before].filter(([name, { data }]) => {
      const after = engine.store.read(name).data;
      return data.some((value, i) => value !== after[i]);
    });
    expect(moved.map(([name]) => name)).toEqual(['classifier.fc.weight', 'classifier.fc.bias']);
  });
});
