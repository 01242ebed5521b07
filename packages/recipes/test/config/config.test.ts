import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig, resolveConfig } from '../../src/config/config.js';
import { architectures, problemsOf } from './problems.js';

const NO_WARM_UP = { length: 0, type: 'linear', factor: 0.01 };

describe('defaults', () => {
  it('are those of the reference, with our additions', () => {
    expect(resolveConfig({}, 'c.json')).toEqual({
      task: 'classification',
      network: {
        arch: 'resnet101',
        activation: 'relu',
        activation_param: 0.01,
        input_3x3: false,
        bn_mode: 'standard',
        classes: 1000,
        dilation: 1,
        weight_init: 'xavier_normal',
        weight_gain_multiplier: 1,
        precision: 'float32',
        stem: 'imagenet',
        width: 1,
        keep_inputs: [],
      },
      optimizer: {
        type: 'SGD',
        batch_size: 256,
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 0.0001,
        decay_norm_and_bias: true,
        betas: [0.9, 0.999],
        alpha: -1,
        eps: -1,
        nesterov: false,
        clip: 1,
        classifier_lr: -1,
        freeze: [],
        frozen_statistics: false,
        accumulate: 1,
        bucket_size: -1,
        layer_decay: 1,
        groups: [],
        schedule: { type: 'constant', mode: 'epoch', epochs: 10, warmup: NO_WARM_UP, params: {} },
      },
      input: {
        scale_train: -1,
        crop_train: 224,
        area_train: [0.08, 1],
        color_jitter_train: false,
        lighting_train: false,
        scale_val: 256,
        crop_val: 224,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        sampling: 'shuffled',
        unreadable: 'fail',
        unreadable_limit: 100,
      },
      augmentation: {
        rand_augment: false,
        rand_augment_ops: 2,
        rand_augment_magnitude: 9,
        trivial_augment: false,
        interpolation: 'bilinear',
        random_erasing: 0,
        random_erasing_mode: 'const',
      },
      data: {
        train: 'train',
        val: 'val',
        train_labels: '',
        val_labels: '',
        columns: [],
        label_separator: '',
        synsets: '',
        layout: 'folders',
        palette: '',
        label_map: {},
        reduce_zero_label: false,
        cache: '',
        cache_limit: -1,
        split: 0,
      },
      mix: { mixup: 0, cutmix: 0, probability: 1, switch_probability: 0.5 },
      loss: {
        type: 'cross_entropy',
        label_smoothing: 0,
        class_weights: [],
        positive_weights: [],
        bce_threshold: -1,
        focal_alpha: 0.25,
        focal_gamma: 2,
        dice: 0,
        lovasz: 0,
        lovasz_classes: 'present',
        lovasz_per_image: false,
      },
      ema: { decay: 0, every: 1, warmup: false, warmup_gamma: 1, warmup_power: 2 / 3 },
      control: { patience: 0, min_delta: 0, time_limit: -1, log_gradient_norm: false },
      memory_budget: -1,
      deterministic_world: 0,
      seed: 0,
    });
  });

  it('cannot be changed through a resolved configuration', () => {
    const config = resolveConfig({}, 'c.json');
    config.input.mean[0] = 9;
    expect(defaultConfig.input.mean[0]).toBe(0.485);
    expect(resolveConfig({}, 'c.json').input.mean[0]).toBe(0.485);
  });

  it('resolve to themselves', () => {
    expect(resolveConfig(defaultConfig, 'c.json')).toEqual(defaultConfig);
  });
});

describe('accepts what the reference accepts:', () => {
  it.each([
    [
      { type: 'step', params: { step_size: 30 } },
      { step_size: 30, gamma: 0.1 },
    ],
    [
      { type: 'multistep', params: { milestones: [30, 60], gamma: 0.2 } },
      { milestones: [30, 60], gamma: 0.2 },
    ],
    [
      { type: 'multistep', params: { milestones: [60, 30, 30] } },
      { milestones: [60, 30, 30], gamma: 0.1 },
    ],
    [{ epochs: 0 }, {}],
    [{ type: 'exponential', params: { gamma: 0.97 } }, { gamma: 0.97 }],
    [
      { type: 'linear', mode: 'step', params: { alpha: -2.222e-6, beta: 1 } },
      { alpha: -2.222e-6, beta: 1 },
    ],
    [{ epochs: 3 }, {}],
  ])('schedule %j', (schedule, params) => {
    expect(resolveConfig({ optimizer: { schedule } }, 'c.json').optimizer.schedule.params).toEqual(params);
  });

  it.each([1, 2, true, false, [1, 1, 2, 4], [1, 1, [2, 4], 1]])('dilation %j', (dilation) => {
    expect(resolveConfig({ network: { dilation } }, 'c.json').network.dilation).toEqual(dilation);
  });

  it('a published experiment', () => {
    const config = resolveConfig(
      {
        network: { arch: 'resnet50', bn_mode: 'sync', activation: 'leaky_relu', activation_param: 0.01 },
        optimizer: {
          batch_size: 512,
          learning_rate: 0.2,
          clip: 0,
          nesterov: true,
          schedule: { type: 'step', mode: 'epoch', epochs: 90, params: { step_size: 30 } },
        },
        input: { color_jitter_train: true, lighting_train: true },
      },
      'c.json',
      { architectures },
    );
    expect(config.optimizer.schedule).toEqual({
      type: 'step',
      mode: 'epoch',
      epochs: 90,
      warmup: NO_WARM_UP,
      params: { step_size: 30, gamma: 0.1 },
    });
  });
});

it('takes a height and a width for crops and scales', () => {
  const input = {
    scale_train: [300, 400],
    crop_train: [192, 256],
    scale_val: [240, 320],
    crop_val: [192, 256],
  };
  expect(resolveConfig({ input }, 'test.json').input).toMatchObject(input);
});

describe('problems', () => {
  it.each<[string, object, string]>([
    [
      'unknown key',
      { network: { activaton: 'elu' } },
      'network.activaton: unknown key; did you mean "activation"?',
    ],
    ['unknown section', { optimiser: {} }, 'optimiser: unknown key; did you mean "optimizer"?'],
    [
      'key of another section',
      { batch_size: 8 },
      'batch_size: unknown key; did you mean "optimizer.batch_size"?',
    ],
    [
      'nothing near',
      { input: { zzzzzzzz: 1 } },
      'input.zzzzzzzz: unknown key; known are scale_train, crop_train, area_train, color_jitter_train, lighting_train, scale_val, crop_val, mean, std, sampling, unreadable, unreadable_limit',
    ],
    [
      'type',
      { optimizer: { batch_size: '256' } },
      'optimizer.batch_size: expected a positive integer, received "256"',
    ],
    [
      'range',
      { optimizer: { batch_size: 0 } },
      'optimizer.batch_size: expected a positive integer, received 0',
    ],
    ['null', { optimizer: { clip: null } }, 'optimizer.clip: expected a number of at least 0, received null'],
    ['section', { input: [] }, 'input: expected an object, received []'],
    [
      'enumeration',
      { optimizer: { type: 'sgdd' } },
      'optimizer.type: expected one of SGD, Adam, AdamW, LAMB, RMSprop, RMSpropTF, received "sgdd"; did you mean "SGD"?',
    ],
    [
      'architecture',
      { network: { arch: 'resnet52' } },
      'network.arch: expected one of resnet18, resnet34, resnet50, resnet101, received "resnet52"; did you mean "resnet50"?',
    ],
    [
      'minus one',
      { input: { scale_val: -2 } },
      'input.scale_val: expected -1 or a positive integer or [height, width], received -2',
    ],
    [
      'word for minus one',
      { input: { scale_train: 'none' } },
      'input.scale_train: expected -1 or a positive integer or [height, width], received "none"',
    ],
    [
      'one side of two',
      { input: { crop_train: [224] } },
      'input.crop_train: expected a positive integer or [height, width], received [224]',
    ],
    ['element', { input: { std: [1, 0, 1] } }, 'input.std[1]: expected a number above 0, received 0'],
    [
      'length',
      { input: { mean: [0.5] } },
      'input.mean: expected a list of three numbers (red, green, blue), received [0.5]',
    ],
    [
      'dilation',
      { network: { dilation: [1, 2] } },
      'network.dilation: expected an integer from 1 to 4096, a list of four (each such an integer, or for resnext a list of one a block), or true or false, received [1,2]',
    ],
    [
      'a dilation beyond any image',
      { network: { dilation: [1, 1, 1, 100000] } },
      'network.dilation[3]: expected an integer from 1 to 4096, received 100000',
    ],
    [
      'schedule type',
      { optimizer: { schedule: { type: 'stepp', epoch: 3 } } },
      'optimizer.schedule.type: expected one of constant, step, multistep, exponential, linear, cosine, polynomial, received "stepp"; did you mean "step"?',
    ],
    [
      'missing parameter',
      { optimizer: { schedule: { type: 'step' } } },
      'optimizer.schedule.params.step_size: is missing, expected a positive integer',
    ],
    [
      'parameter of another type',
      { optimizer: { schedule: { type: 'exponential', params: { gamma: 0.9, step_size: 3 } } } },
      'optimizer.schedule.params.step_size: unknown key; known are gamma',
    ],
    [
      'parameter where none is taken',
      { optimizer: { schedule: { params: { gamma: 0.9 } } } },
      'optimizer.schedule.params.gamma: unknown key; none is known here',
    ],
    [
      'no milestones',
      { optimizer: { schedule: { type: 'multistep', params: { milestones: [] } } } },
      'optimizer.schedule.params.milestones: expected a list of positive integers, received []',
    ],
    [
      'relu in place',
      { network: { bn_mode: 'inplace' } },
      'network.activation: relu (the default) has no inverse, so bn_mode "inplace" cannot use it; choose leaky_relu, elu or identity, or bn_mode "standard"',
    ],
    [
      'slope without an inverse',
      { network: { bn_mode: 'sync', activation: 'leaky_relu', activation_param: 0 } },
      'network.activation_param: expected a number above 0, received 0: leaky_relu must be invertible with bn_mode "sync"',
    ],
    [
      'Nesterov without momentum',
      { optimizer: { nesterov: true, momentum: 0 } },
      'optimizer.momentum: expected a number above 0, received 0: nesterov needs momentum',
    ],
  ])('%s', (_, object, expected) => {
    expect(problemsOf(object)[0]).toBe(`c.json: ${expected}`);
  });

  it('are all reported at once, across sections', () => {
    const lines = problemsOf({
      network: { arch: 'vgg', bn_mode: 'inplace', widht: 2 },
      optimizer: { schedule: { type: 'linear', params: { alpha: 'a' } } },
      seed: -1,
    });
    expect(lines.map((line) => line.split(': ')[1])).toEqual([
      'network.arch',
      'network.widht',
      'optimizer.schedule.params.alpha',
      'optimizer.schedule.params.beta',
      'seed',
      'network.activation',
    ]);
  });

  it('are reported for a configuration that is not an object', () => {
    expect(problemsOf([])).toEqual(['c.json: expected an object, received []']);
    expect(problemsOf(null)).toEqual(['c.json: expected an object, received null']);
  });

  it('are always reported as a ConfigError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('network', 'optimizer', 'input', 'seed'), (value, key) => {
        expect(problemsOf({ [key]: value })).toBeInstanceOf(Array);
        expect(problemsOf(value)).toBeInstanceOf(Array);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
