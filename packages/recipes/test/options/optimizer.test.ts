/** Every value of the configuration's `optimizer` section: its effect on two training steps. */
import { join } from 'node:path';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { configOf, runTraining } from '../support/runs.js';
import {
  distance,
  firstMove,
  minus,
  norm,
  type Sections,
  type TwoSteps,
  twoSteps,
  values,
} from './two-steps.js';

const LR = 0.05;

/** Plain gradient descent, so that the first update is −lr·gradient. */
const PLAIN = { momentum: 0, weight_decay: 0, clip: 0, learning_rate: LR };
const plainWith = (optimizer: NonNullable<Sections>['optimizer']) =>
  twoSteps({ optimizer: { ...PLAIN, ...optimizer } });

let plain: TwoSteps;
let gradient: Float64Array;
beforeAll(async () => {
  plain = await plainWith({});
  gradient = firstMove(plain).map((value) => -value / LR);
});

const scaled = (factor: number) => gradient.map((value) => factor * value);

describe('SGD', () => {
  it('moves against the gradient, and has no state without momentum', () => {
    expect(norm(gradient)).toBeGreaterThan(0.1);
    expect(plain.optimizer.size).toBe(0);
  });

  it('learning_rate: scales the update', async () => {
    expect(distance(firstMove(await plainWith({ learning_rate: 0.1 })), scaled(-0.1))).toBeLessThan(1e-4);
  });

  it('momentum: adds the earlier updates', async () => {
    const run = await plainWith({ momentum: 0.9 });
    expect(distance(firstMove(run), scaled(-LR))).toBeLessThan(1e-4);
    expect(run.optimizer.size).toBe(run.parameters[0].size);
    const secondMove = ({ parameters: [, between, after] }: TwoSteps) =>
      norm(minus(values(after), values(between)));
    expect(secondMove(run)).toBeGreaterThan(1.3 * secondMove(plain));
  });

  it('nesterov: scales the first update by 1 + momentum', async () => {
    expect(
      distance(firstMove(await plainWith({ momentum: 0.9, nesterov: true })), scaled(-LR * 1.9)),
    ).toBeLessThan(1e-4);
  });

  it('weight_decay: adds a share of every parameter, γ and β included', async () => {
    const decayed = firstMove(await plainWith({ weight_decay: 0.1 }));
    const start = values(plain.parameters[0]);
    const expected = gradient.map((value, i) => -LR * (value + 0.1 * (start[i] ?? Number.NaN)));
    expect(distance(decayed, expected)).toBeLessThan(1e-4);
  });
});

describe('decay_norm_and_bias', () => {
  it('false leaves scales, shifts and biases without weight decay', async () => {
    const run = await plainWith({ weight_decay: 0.1, decay_norm_and_bias: false });
    for (const part of ['bn1.weight', 'bn1.bias', 'fc.bias']) {
      expect([...firstMove(run, part)]).toEqual([...firstMove(plain, part)]);
    }
    const [start, move] = [values(plain.parameters[0], 'fc.weight'), firstMove(run, 'fc.weight')];
    const expected = firstMove(plain, 'fc.weight').map(
      (value, i) => value - LR * 0.1 * (start[i] ?? Number.NaN),
    );
    expect(distance(move, expected)).toBeLessThan(1e-4);
  });
});

describe('other optimizers', () => {
  /** The first update over the learning rate, where the gradient is not close to 0. */
  const steps = (run: TwoSteps, rate: number) => {
    const move = firstMove(run);
    return [...gradient].flatMap((value, i) =>
      Math.abs(value) > 1e-3 ? [Math.abs(move[i] ?? 0) / rate] : [],
    );
  };

  const farthest = (values: readonly number[], from: number) =>
    Math.max(...values.map((value) => Math.abs(value - from)));

  it('AdamW: weight decay bypasses the moments', async () => {
    const rate = 1e-3;
    const run = await plainWith({ type: 'AdamW', learning_rate: rate, weight_decay: 0.1 });
    const bare = await plainWith({ type: 'AdamW', learning_rate: rate });
    const start = values(plain.parameters[0]);
    const expected = firstMove(bare).map((value, i) => value - rate * 0.1 * (start[i] ?? Number.NaN));
    expect(distance(firstMove(run), expected)).toBeLessThan(1e-3);
  });

  it('RMSprop: the first update is the rate over √(1 − α), and momentum adds a second slot', async () => {
    const run = await plainWith({ type: 'RMSprop', learning_rate: 1e-3 });
    expect(farthest(steps(run, 1e-3), 10)).toBeLessThan(0.01);
    expect(run.optimizer.size).toBe(run.parameters[0].size);
    const short = await plainWith({ type: 'RMSprop', learning_rate: 1e-3, alpha: 0.75 });
    expect(farthest(steps(short, 1e-3), 2)).toBeLessThan(0.01);
    const heavy = await plainWith({ type: 'RMSpropTF', learning_rate: 1e-3, momentum: 0.9 });
    expect(heavy.optimizer.size).toBe(2 * run.parameters[0].size);
    // The averages start at 1, so that small gradients give small updates.
    expect(Math.max(...steps(heavy, 1e-3))).toBeLessThan(3.2);
  });

  it('LAMB: a layer moves by the rate times the norm of its weights', async () => {
    const run = await plainWith({ type: 'LAMB', learning_rate: 1e-3, weight_decay: 1e-4 });
    for (const part of ['conv1.weight', 'fc.weight']) {
      const moved = norm(firstMove(run, part)) / norm(values(run.parameters[0], part));
      expect(Math.abs(moved / 1e-3 - 1)).toBeLessThan(1e-3);
    }
  });

  it('betas and eps reach the update', async () => {
    const large = await plainWith({ type: 'Adam', learning_rate: 1e-3, eps: 1e3 });
    expect(Math.max(...steps(large, 1e-3))).toBeLessThan(0.1);
    const forgetful = await plainWith({ type: 'Adam', betas: [0, 0.999], learning_rate: 1e-3 });
    const usual = await plainWith({ type: 'Adam', learning_rate: 1e-3 });
    expect(distance(values(forgetful.parameters[2]), values(usual.parameters[2]))).toBeGreaterThan(0);
  });
});

describe('Adam', () => {
  it('first moves every parameter by about the learning rate, and keeps two moments', async () => {
    const run = await plainWith({ type: 'Adam', learning_rate: 1e-3 });
    const move = firstMove(run);
    const moved = [...gradient].flatMap((value, i) =>
      Math.abs(value) > 1e-4 ? [Math.abs(move[i] ?? 0) / 1e-3] : [],
    );
    expect(moved.length).toBeGreaterThan(1000);
    expect(Math.max(...moved)).toBeLessThan(1.01);
    expect(Math.min(...moved)).toBeGreaterThan(0.98);
    expect(run.optimizer.size).toBe(2 * run.parameters[0].size);
  });

  it('weight_decay: is part of the gradient', async () => {
    const run = await plainWith({ type: 'Adam', learning_rate: 1e-3, weight_decay: 100 });
    const [start, move] = [values(run.parameters[0], 'bn1.weight'), firstMove(run, 'bn1.weight')];
    // γ begins at 1, so that 100·γ outweighs its gradient.
    expect(start.every((value) => value === 1)).toBe(true);
    expect(move.every((value) => Math.abs(value / -1e-3 - 1) < 0.01)).toBe(true);
  });
});

describe('clip', () => {
  it('0 is off', async () => {
    expect(norm(gradient)).toBeGreaterThan(0.1);
    const wide = firstMove(await plainWith({ clip: 1e6 }));
    expect(distance(wide, scaled(-LR))).toBeLessThan(1e-6);
  });

  it.each([0.5, 0.1])('%s limits the norm of all gradients together', async (clip) => {
    const move = firstMove(await plainWith({ clip }));
    expect(norm(move) / LR).toBeCloseTo(clip, 4);
    expect(distance(move, scaled((-LR * clip) / norm(gradient)))).toBeLessThan(1e-3);
  });

  it('applies to Adam, too', async () => {
    const run = await plainWith({ type: 'Adam', clip: 1e-3 });
    const unclipped = await plainWith({ type: 'Adam' });
    const moment = (result: TwoSteps) => norm(values(result.optimizer, 'exp_avg'));
    expect(moment(run)).toBeLessThan(0.1 * moment(unclipped));
  });
});

describe('classifier_lr', () => {
  it.each([
    [-1, 1],
    [0, 0],
    [0.2, 4],
  ])('%s moves the classifier %s times as far, and nothing else', async (classifier_lr, factor) => {
    const run = await plainWith({ classifier_lr });
    const [fc, rest] = [firstMove(run, 'classifier.fc.'), firstMove(run, 'mod')];
    const expected = firstMove(plain, 'classifier.fc.').map((value) => factor * value);
    expect(norm(minus(fc, expected))).toBeLessThan(1e-4 * norm(gradient));
    expect(distance(rest, firstMove(plain, 'mod'))).toBe(0);
  });
});

describe('freeze', () => {
  it('keeps the parameters that it names, without optimizer state, and trains the rest as before', async () => {
    const run = await plainWith({ freeze: ['mod1', '*.bn2'], momentum: 0.9 });
    const frozen = (name: string) => name.startsWith('mod1.') || name.includes('.bn2.');
    const names = [...plain.parameters[0].keys()];
    expect(names.filter(frozen).length).toBeGreaterThan(3);
    for (const name of names) {
      const moved = norm(firstMove(run, name)) > 0;
      expect([name, moved]).toEqual([name, !frozen(name)]);
    }
    expect(run.optimizer.size).toBe(names.filter((name) => !frozen(name)).length);
    expect(distance(firstMove(run, 'classifier.fc.'), firstMove(plain, 'classifier.fc.'))).toBe(0);
  });

  it('and frozen_statistics refuse paths that the network lacks, naming the keys', async () => {
    await expect(plainWith({ freeze: ['mod9'] })).rejects.toThrow(
      'freeze: nothing is named mod9; names begin with mod1, mod2, mod3, mod4, mod5, classifier (optimizer.freeze, optimizer.frozen_statistics)',
    );
    await expect(plainWith({ frozen_statistics: ['classifier'] })).rejects.toThrow(
      'nothing is named classifier',
    );
  });
});

describe('frozen_statistics', () => {
  it('normalizes by the running statistics without updating them, and keeps no input', async () => {
    const frozen = await plainWith({ frozen_statistics: true, clip: 1 });
    const partly = await plainWith({ frozen_statistics: ['mod2'], clip: 1 });
    const moved = (run: TwoSteps) =>
      [...run.engine.store.stateDict('buffer')]
        .filter(([name, { data }]) => name.endsWith('running_mean') && data.some((value) => value !== 0))
        .map(([name]) => name);
    expect(moved(frozen)).toEqual([]);
    expect(moved(partly).length).toBeGreaterThan(5);
    expect(moved(partly).filter((name) => name.startsWith('mod2.'))).toEqual([]);
    expect(frozen.losses[0]).not.toBe(plain.losses[0]);
    expect(frozen.engine.plan.bytes.activations).toBeLessThan(plain.engine.plan.bytes.activations);
  });
});

describe('schedule', () => {
  let data: string;
  beforeAll(async () => {
    data = await imageFolder();
  });

  // Two epochs of two steps: counts by epoch are 0 0 1 1, by step 0 1 2 3.
  it.each<[string, object, (it: number) => number]>([
    ['constant', {}, () => 1],
    ['step', { step_size: 1, gamma: 0.5 }, (it) => 0.5 ** it],
    ['multistep', { milestones: [1, 3], gamma: 0.5 }, (it) => (it >= 3 ? 0.25 : it >= 1 ? 0.5 : 1)],
    ['exponential', { gamma: 0.9 }, (it) => 0.9 ** it],
    ['linear', { alpha: -0.25, beta: 1 }, (it) => 1 - 0.25 * it],
  ])('%s gives the rate of every step, in epoch mode and in step mode', async (type, params, factor) => {
    for (const mode of ['epoch', 'step']) {
      const optimizer = { batch_size: 30, classifier_lr: 0.2, schedule: { type, mode, params, epochs: 2 } };
      const logDir = join(await temporaryFolder(), 'run');
      await runTraining({ config: configOf({ optimizer }), data, logDir });
      const records = await readMetrics(join(logDir, 'metrics.jsonl'));
      const rates = records.flatMap(({ learningRate }) => (learningRate === undefined ? [] : [learningRate]));
      const counts = mode === 'epoch' ? [0, 0, 1, 1] : [0, 1, 2, 3];
      expect(rates).toEqual(counts.map((it) => LR * factor(it)));
    }
  });
});
