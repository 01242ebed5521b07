/** checkpoint.pth.tar and model_best.pth.tar: their contents, and runs that resume from such files. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  loadRunState,
  readDescription,
  readTorch,
  type TorchDict,
  type TorchValue,
  writeTorch,
} from '@inplace-abn/checkpoint';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { networkOf, type TrainConfig } from '../../src/index.js';
import {
  configOf,
  expectSameState,
  lastState,
  type RunOptions,
  runTraining,
  STEPS_PER_EPOCH,
} from '../support/runs.js';
import { dict, expectSameTensor, list, newFolder, parameters } from '../support/torch-files.js';

const EPOCHS = 2;

const sgd = configOf({ optimizer: { nesterov: true, classifier_lr: 0.1, schedule: { epochs: EPOCHS } } });
const adam = configOf({
  optimizer: {
    type: 'Adam',
    learning_rate: 1e-3,
    schedule: { type: 'exponential', epochs: EPOCHS, params: { gamma: 0.5 } },
  },
});

const lamb = configOf({
  optimizer: {
    type: 'LAMB',
    learning_rate: 0.01,
    classifier_lr: 0.02,
    weight_decay: 0.02,
    decay_norm_and_bias: false,
    freeze: ['mod1'],
    frozen_statistics: ['mod2'],
    schedule: { type: 'cosine', epochs: EPOCHS, warmup: { length: 1 }, params: { min_rate: 1e-4 } },
  },
});

const averaged = configOf({
  network: { width: 0.05 },
  optimizer: { nesterov: true, schedule: { epochs: EPOCHS } },
  ema: { decay: 0.9, every: 2 },
});

/** One more epoch. */
function longer(config: TrainConfig): TrainConfig {
  const { optimizer } = config;
  return { ...config, optimizer: { ...optimizer, schedule: { ...optimizer.schedule, epochs: EPOCHS + 1 } } };
}

describe('checkpoint.pth.tar', () => {
  let data: string;
  const runs = new Map<TrainConfig, string>();
  beforeAll(async () => {
    data = await imageFolder();
    for (const config of [sgd, adam, lamb, averaged]) {
      const logDir = await newFolder();
      await runTraining({ config, data, logDir });
      runs.set(config, logDir);
    }
  });

  const runOf = (config: TrainConfig): string => runs.get(config) ?? '';
  const file = (config: TrainConfig, name = 'checkpoint.pth.tar') => join(runOf(config), name);

  it('holds the keys of the reference, bn_mode and a description; state dict names begin with module.', async () => {
    const value = dict(await readTorch(file(sgd)));
    expect([...value.keys()]).toEqual([
      ...['epoch', 'arch', 'bn_mode', 'state_dict', 'best_prec1'],
      ...['classes', 'preprocessing', 'config', 'optimizer'],
    ]);
    const { meta, model } = await lastState(runOf(sgd));
    expect([value.get('epoch'), value.get('arch'), value.get('best_prec1')]).toEqual([
      2,
      'resnet18',
      meta.bestTop1,
    ]);
    const saved = dict(value.get('state_dict'));
    expect([...saved.keys()]).toEqual(
      networkOf(sgd.network)
        .namedStates()
        .map(({ name }) => `module.${name}`),
    );
    for (const [name, tensor] of model) expectSameTensor(saved.get(`module.${name}`), tensor, name);
  });

  it.each(['checkpoints', 'checkpoints/best.safetensors', 'checkpoint.pth.tar', 'model_best.pth.tar'])(
    '%s says what the outputs mean, and how images are prepared',
    async (name) => {
      const { classes, preprocessing, config } = await readDescription(file(sgd, name));
      expect(classes).toEqual(CLASSES);
      const { mean, std } = sgd.input;
      expect(preprocessing).toEqual({ scale: 18, crop: 16, interpolation: 'bilinear', mean, std });
      expect(config).toEqual({ task: 'classification', network: sgd.network });
    },
  );

  it('holds the state of SGD as PyTorch numbers it, with a separate group for the classifier', async () => {
    const optimizer = dict(dict(await readTorch(file(sgd))).get('optimizer'));
    const groups = list(optimizer.get('param_groups')).map(dict);
    const names = parameters(sgd);
    const last = names.length - 2;
    expect(groups.map((group) => list(group.get('params')))).toEqual([
      Array.from({ length: last }, (_, i) => i),
      [last, last + 1],
    ]);
    const shown = ['lr', 'initial_lr', 'momentum', 'dampening', 'weight_decay', 'nesterov'];
    expect(groups.map((group) => shown.map((key) => group.get(key)))).toEqual([
      [0.05, 0.05, 0.9, 0, 1e-4, true],
      [0.1, 0.1, 0.9, 0, 1e-4, true],
    ]);
    const { optimizer: kept } = await lastState(runOf(sgd));
    const state = dict(optimizer.get('state'));
    expect(state.size).toBe(names.length);
    for (const [index, name] of names.entries()) {
      expectSameTensor(
        dict(state.get(index)).get('momentum_buffer'),
        kept.get(`${name}.momentum_buffer`),
        name,
      );
    }
  });

  it('holds the state of Adam, its count of updates and the current rate', async () => {
    const optimizer = dict(dict(await readTorch(file(adam))).get('optimizer'));
    const [group] = list(optimizer.get('param_groups')).map(dict);
    expect(list(group?.get('params'))).toHaveLength(parameters(adam).length);
    expect([group?.get('lr'), group?.get('initial_lr'), group?.get('betas')]).toEqual([
      5e-4,
      1e-3,
      [0.9, 0.999],
    ]);
    const first = dict(dict(optimizer.get('state')).get(0));
    expect([...first.keys()]).toEqual(['step', 'exp_avg', 'exp_avg_sq']);
    expect(first.get('step')).toMatchObject({ data: Float32Array.of(2 * STEPS_PER_EPOCH) });
  });

  it('holds parameters without weight decay in separate groups, and no frozen ones', async () => {
    const optimizer = dict(dict(await readTorch(file(lamb))).get('optimizer'));
    const groups = list(optimizer.get('param_groups')).map(dict);
    expect(groups.map((group) => [group.get('initial_lr'), group.get('weight_decay')])).toEqual([
      [0.01, 0.02],
      [0.01, 0],
      [0.02, 0.02],
      [0.02, 0],
    ]);
    // All that timm's Lamb reads from a group, which holds its update count.
    for (const group of groups) {
      const read = [
        'step',
        'bias_correction',
        'grad_averaging',
        'trust_clip',
        'always_adapt',
        'betas',
        'eps',
      ];
      expect(read.map((key) => group.get(key))).toEqual([
        ...[2 * STEPS_PER_EPOCH, true, true, false, false],
        ...[[0.9, 0.999], 1e-6],
      ]);
    }
    const first = dict(dict(optimizer.get('state')).get(0));
    expect([...first.keys()]).toEqual(['exp_avg', 'exp_avg_sq']);
    const counts = groups.map((group) => list(group.get('params')).length);
    expect(counts.slice(2)).toEqual([1, 1]);
    const trained = parameters(lamb).filter((name) => !name.startsWith('mod1.'));
    expect(trained).toHaveLength(parameters(lamb).length - 3);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(trained.length);
  });

  it('is copied to model_best.pth.tar when top-1 improves, and only then', async () => {
    const records = await readMetrics(join(runOf(sgd), 'metrics.jsonl'));
    const top1 = records.filter(({ phase }) => phase === 'val').map(({ top1: value = Number.NaN }) => value);
    const best = dict(await readTorch(file(sgd, 'model_best.pth.tar')));
    expect(best.get('best_prec1')).toBe(Math.max(...top1));
    expect(best.get('epoch')).toBe(1 + top1.indexOf(Math.max(...top1)));
  });

  it.each([
    ['SGD', sgd],
    ['Adam', adam],
    ['LAMB', lamb],
    ['SGD with averages', averaged],
  ])('resumes a run of %s bit for bit, in a new folder', async (_, config) => {
    const [through, resumed] = [await newFolder(), await newFolder()];
    await cp(runOf(config), through, { recursive: true });
    await runTraining({
      config: longer(config),
      data,
      logDir: through,
      resume: join(through, 'checkpoints'),
    });
    const { text } = await runTraining({
      config: longer(config),
      data,
      logDir: resumed,
      resume: file(config),
    });
    expect(text).toContain(`resuming from ${file(config)}: epoch 2, step ${2 * STEPS_PER_EPOCH}`);
    expect(text).not.toContain('averages of the weights');
    expectSameState(await lastState(resumed), await lastState(through));
    const [record] = await readMetrics(join(resumed, 'metrics.jsonl'));
    expect(record).toMatchObject({ epoch: 3, step: 2 * STEPS_PER_EPOCH + 1 });
  });

  it('with averages resumes a run that keeps none, and the reverse, with a note', async () => {
    const none = { ...averaged.ema, decay: 0 };
    const resume = async (path: string, config: TrainConfig) => {
      const logDir = await newFolder();
      const { text } = await runTraining({ config: longer(config), data, logDir, resume: path });
      return { text, state: await lastState(logDir) };
    };
    const dropped = await resume(file(averaged), { ...averaged, ema: none });
    expect(dropped.text).toContain(
      `${file(averaged)} has averages of the weights, which this run does not keep: ema.decay is 0\n`,
    );
    expect([...dropped.state.optimizer.keys()].filter((name) => name.endsWith('.ema'))).toEqual([]);
    const begun = await resume(file(sgd), { ...sgd, ema: averaged.ema });
    expect(begun.text).toContain(`${file(sgd)} has no averages of the weights: they start at its weights\n`);
    const name = 'mod1.conv1.weight.ema';
    const weight = dict(dict(await readTorch(file(sgd))).get('state_dict')).get('module.mod1.conv1.weight');
    if (!weight || typeof weight !== 'object' || !('data' in weight)) expect.fail('no weight');
    // A moving average of few updates is nearer to its start than a zero would be.
    const start = Array.from(weight.data, Number);
    const end = Array.from(begun.state.optimizer.get(name)?.data ?? [], Number);
    const far = start.reduce((sum, value, i) => sum + (value - (end[i] ?? 0)) ** 2, 0);
    expect(far).toBeLessThan(0.25 * start.reduce((sum, value) => sum + value ** 2, 0));
  });

  it('has averages of another dtype, which are converted like weights', async () => {
    const value = new Map(dict(await readTorch(file(averaged))));
    const shifted = new Map(dict(value.get('state_dict_ema')));
    const [key, scale] = [...shifted].find(([name]) => /bn\d?\.weight$/.test(String(name))) ?? [];
    if (!key || !scale || typeof scale !== 'object' || !('data' in scale)) expect.fail('no scale');
    shifted.set(key, { ...scale, dtype: 'float64', data: new Float64Array(scale.data.length).fill(0.5) });
    const [logDir, resume] = [await newFolder(), join(await temporaryFolder(), 'double.pth.tar')];
    await writeTorch(resume, value.set('state_dict_ema', shifted));
    const config = { ...averaged, ema: { ...averaged.ema, decay: 1 - 1e-7 } };
    await runTraining({ config: longer(config), data, logDir, resume });
    const name = `${String(key).replace('module.', '')}.ema`;
    const kept = Array.from((await lastState(logDir)).optimizer.get(name)?.data ?? [], Number);
    expect(kept.length).toBeGreaterThan(0);
    for (const number of kept) expect(number).toBeCloseTo(0.5, 5);
  });

  it.each<[string, (averages: TorchDict) => TorchDict]>([
    ['with a count', (averages) => new Map<string | number, TorchValue>([...averages, ['updates', 7]])],
    [
      'within a module',
      (averages) =>
        new Map<string, TorchValue>([
          ['module', averages],
          ['decay', 0.999],
        ]),
    ],
    [
      'of the parameters alone',
      (averages) => new Map([...averages].filter(([name]) => !/running/.test(`${name}`))),
    ],
  ])('whose averages cannot be used, %s, starts them at the weights with a note', async (_, change) => {
    const value = new Map(dict(await readTorch(file(averaged))));
    const resume = join(await temporaryFolder(), 'other.pth.tar');
    await writeTorch(resume, value.set('state_dict_ema', change(dict(value.get('state_dict_ema')))));
    const resumed = async (config: TrainConfig) => {
      const logDir = await newFolder();
      return (await runTraining({ config: longer(config), data, logDir, resume, maxSteps: 15 })).text;
    };
    expect(await resumed(averaged)).toContain(
      `"state_dict_ema" in ${resume} is not used, and the averages start at its weights: `,
    );
    expect(await resumed({ ...averaged, ema: { ...averaged.ema, decay: 0 } })).toContain(
      `${resume} has averages of the weights, which this run does not keep: ema.decay is 0\n`,
    );
  });

  it('resumes the run of its own folder', async () => {
    const logDir = await newFolder();
    await cp(runOf(sgd), logDir, { recursive: true });
    await runTraining({ config: longer(sgd), data, logDir, resume: join(logDir, 'checkpoint.pth.tar') });
    const steps = (await readMetrics(join(logDir, 'metrics.jsonl')))
      .filter(({ phase }) => phase === 'train')
      .map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 3 * STEPS_PER_EPOCH }, (_, i) => i + 1));
  });

  it('of a PyTorch run is not overwritten', async () => {
    const logDir = await newFolder();
    await mkdir(logDir);
    await cp(file(sgd), join(logDir, 'checkpoint.pth.tar'));
    const before = await readFile(join(logDir, 'checkpoint.pth.tar'));
    const resume = join(logDir, 'checkpoint.pth.tar');
    for (const options of [
      { config: sgd, data, logDir },
      { config: sgd, data, logDir, resume },
    ]) {
      await expect(runTraining(options)).rejects.toThrow(`continue from ${resume} in another folder`);
    }
    expect((await readFile(join(logDir, 'checkpoint.pth.tar'))).equals(before)).toBe(true);
  });

  describe('is refused without writing anything', () => {
    const refusal = async (options: Partial<RunOptions>): Promise<string> => {
      const logDir = await newFolder();
      const message = await runTraining({ config: sgd, data, logDir, resume: file(sgd), ...options }).then(
        () => 'accepted',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      expect(existsSync(logDir)).toBe(false);
      return message;
    };
    const network = (change: object) => ({ ...sgd, network: { ...sgd.network, ...change } });

    it('for another architecture', async () => {
      expect(await refusal({ config: network({ arch: 'resnet34' }) })).toBe(
        `${file(sgd)} holds a resnet18 but network.arch is resnet34: set it to resnet18, or choose another checkpoint`,
      );
    });

    it('for another number of classes, offering to drop the classifier', async () => {
      const message = await refusal({ config: network({ classes: 10 }) });
      expect(message).toContain(
        'its classifier is for 3 classes, network.classes is 10. Set network.classes to 3, ' +
          'or start a run with its other layers and a new classifier\n',
      );
      expect(message).toContain('classifier.fc.weight');
    });

    it('for another optimizer', async () => {
      expect(await refusal({ config: { ...sgd, optimizer: { ...sgd.optimizer, type: 'Adam' } } })).toBe(
        `${file(sgd)} holds the state of SGD but optimizer.type is Adam: set it to SGD, or start from the weights alone`,
      );
    });

    it('if it is missing or not a checkpoint', async () => {
      const folder = await temporaryFolder();
      expect(await refusal({ resume: join(folder, 'absent.pth.tar') })).toBe(
        `Cannot read ${join(folder, 'absent.pth.tar')}: there is no such file.`,
      );
      const notes = join(folder, 'notes.pth.tar');
      await writeFile(notes, 'best so far: 76.2 %');
      expect(await refusal({ resume: notes })).toContain(`${notes} is not a checkpoint`);
    });

    it('for an epoch that is not a number', async () => {
      const value = new Map(dict(await readTorch(file(sgd)))).set('epoch', 'two');
      const resume = join(await temporaryFolder(), 'odd.pth.tar');
      await writeTorch(resume, value);
      expect(await refusal({ resume })).toBe(`${resume}: "epoch" must be a whole number of at least 0.`);
    });

    it('for the state of another number of parameters', async () => {
      const value = new Map(dict(await readTorch(file(sgd))));
      const optimizer = new Map(dict(value.get('optimizer')));
      optimizer.set('param_groups', list(optimizer.get('param_groups')).slice(0, 1));
      const resume = join(await temporaryFolder(), 'odd.pth.tar');
      await writeTorch(resume, value.set('optimizer', optimizer));
      expect(await refusal({ resume })).toMatch(
        new RegExp(`^${resume}: The optimizer state covers \\d+ parameters`),
      );
    });
  });

  it('reads a best accuracy that PyTorch saved as a tensor', async () => {
    const value = new Map(dict(await readTorch(file(sgd))));
    value.set('best_prec1', { dtype: 'float32', shape: [], data: Float32Array.of(100) });
    const [logDir, resume] = [await newFolder(), join(await temporaryFolder(), 'tensor.pth.tar')];
    await writeTorch(resume, value);
    await runTraining({ config: longer(sgd), data, logDir, resume });
    expect((await lastState(logDir)).meta.bestTop1).toBe(100);
    expect(existsSync(join(logDir, 'model_best.pth.tar'))).toBe(false);
    expect(
      (await loadRunState(join(logDir, 'checkpoints', `checkpoint-${3 * STEPS_PER_EPOCH}.safetensors`))).meta
        .epoch,
    ).toBe(3);
  });
});
