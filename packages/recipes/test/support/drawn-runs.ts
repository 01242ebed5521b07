/** Training runs of small networks with random options, interrupted and resumed. */
import { join } from 'node:path';
import { BudgetError, cpu } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import fc from 'fast-check';
import { expect } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { planPrograms, resolveConfig, type TrainConfig, taskOf } from '../../src/index.js';
import { labeledFolder, rawSegmentation } from './label-maps.js';
import { labelSetFolder } from './label-sets.js';
import { expectSameState, lastState, rawConfig, runTraining } from './runs.js';

export const TASKS = ['classification', 'multi-label', 'segmentation'] as const;
export type TaskName = (typeof TASKS)[number];

/** The data of each task. */
export async function foldersOfTasks(): Promise<Record<TaskName, string>> {
  const [classification, multiLabel, segmentation] = await Promise.all([
    imageFolder(),
    labelSetFolder(),
    labeledFolder(),
  ]);
  return { classification, 'multi-label': multiLabel, segmentation };
}

/** A run: its steps, the step after which it is interrupted, and the workers that it resumes with. */
export interface DrawnRun {
  readonly task: TaskName;
  readonly sections: Sections;
  /** Memory budget as a share of the arena; 1: no budget. */
  readonly arena: number;
  /** `deterministic_world`, with synchronized layers; 0: none. */
  readonly shards: number;
  readonly steps: number;
  readonly interrupted: number;
  readonly workers: number;
}

type Section = Readonly<Record<string, unknown>>;
type Sections = Readonly<Record<string, Section>>;

const schedule = fc.oneof(
  fc.constant({ type: 'constant' }),
  fc.constant({ type: 'step', params: { step_size: 2, gamma: 0.5 }, mode: 'step' }),
  fc.constant({ type: 'multistep', params: { milestones: [1, 3], gamma: 0.5 }, mode: 'step' }),
  fc.constant({ type: 'exponential', params: { gamma: 0.9 }, mode: 'step' }),
  fc.constant({ type: 'linear', params: { alpha: -0.1, beta: 1 } }),
  fc.constant({ type: 'cosine', params: { min_rate: 1e-5 }, mode: 'step' }),
  fc.constant({ type: 'polynomial', params: { power: 2 }, mode: 'step' }),
);

const warmup = fc.constantFrom({}, { length: 1 }, { length: 1, type: 'constant', factor: 0.1 });

const optimizer = fc
  .record({
    type: fc.constantFrom('SGD', 'Adam', 'AdamW', 'LAMB', 'RMSprop', 'RMSpropTF'),
    schedule: fc.tuple(schedule, warmup).map(([base, first]) => ({ ...base, warmup: first })),
    accumulate: fc.constantFrom(1, 2, 3),
    layer_decay: fc.constantFrom(1, 0.75),
    groups: fc.constantFrom(
      [],
      [{ parameters: ['*mod2'], rate_factor: 0.1, weight_decay: 0 }, { parameters: ['*.bias'] }],
    ),
    freeze: fc.constantFrom([], ['*mod1']),
    frozen_statistics: fc.constantFrom(false, true, ['*mod1']),
    decay_norm_and_bias: fc.boolean(),
    nesterov: fc.boolean(),
    clip: fc.constantFrom(0, 1),
    classifier_lr: fc.constantFrom(-1, 2e-3),
  })
  .map((drawn) => ({ ...drawn, learning_rate: 1e-3 }));

const common = {
  network: fc
    .record({
      precision: fc.constantFrom('float32', 'bfloat16'),
      bn_mode: fc.constantFrom('inplace', 'inplace', 'standard'),
      activation: fc.constantFrom('leaky_relu', 'elu', 'identity'),
    })
    .map((drawn) => ({ ...drawn, activation_param: drawn.activation === 'elu' ? 1 : 0.01 })),
  optimizer,
  ema: fc
    .record({ decay: fc.constantFrom(0, 0.9), every: fc.constantFrom(1, 2), warmup: fc.boolean() })
    .map((drawn) => (drawn.decay === 0 ? {} : drawn)),
  control: fc.record({
    patience: fc.constantFrom(0, 9),
    log_gradient_norm: fc.boolean(),
    time_limit: fc.constantFrom(-1, '2h'),
  }),
};

const mix = fc
  .record({
    mixup: fc.constantFrom(0, 0.3),
    cutmix: fc.constantFrom(0, 1),
    probability: fc.constantFrom(1, 0.6),
  })
  .map((drawn) => (drawn.mixup === 0 && drawn.cutmix === 0 ? {} : drawn));

const augmentation = fc.constantFrom<Section>(
  {},
  { rand_augment: true, rand_augment_ops: 1, random_erasing: 0.5 },
  { trivial_augment: true, interpolation: 'nearest' },
  { random_erasing: 0.5, random_erasing_mode: 'pixel' },
);

const photographs = fc.record({ color_jitter_train: fc.boolean(), lighting_train: fc.boolean() });

/** Only binary targets have a threshold, and only the focal loss a weight of labels. */
const withDetails = <T extends { readonly type: string }>(loss: fc.Arbitrary<T>) =>
  fc
    .tuple(loss, fc.constantFrom(-1, 0.2), fc.constantFrom(-1, 0.25))
    .map(([drawn, bce_threshold, focal_alpha]) => ({
      ...drawn,
      ...(drawn.type === 'bce' && { bce_threshold }),
      ...(drawn.type === 'focal' && { focal_alpha }),
    }));

const lovasz = fc
  .record({
    lovasz: fc.constantFrom(0, 0.5),
    lovasz_classes: fc.constantFrom('present', 'all'),
    lovasz_per_image: fc.boolean(),
  })
  .map((drawn) => (drawn.lovasz === 0 ? {} : drawn));

/** Where decoded images are kept, and whether some of the training images are held out for validation. */
const data = fc.record({
  cache: fc.constantFrom('', 'ram', 'decoded'),
  split: fc.constantFrom(0, 0.25),
});

const weights = fc.constantFrom<readonly number[] | 'balanced'>([], [1, 2, 0.5], 'balanced');
const smoothing = fc.constantFrom(0, 0.1);

const sectionsOf: Record<TaskName, fc.Arbitrary<Sections>> = {
  classification: fc.record({
    ...common,
    data: data.map((drawn) => ({ ...drawn, val: drawn.split > 0 ? 'absent' : 'val' })),
    loss: withDetails(
      fc.record({
        type: fc.constantFrom('cross_entropy', 'bce', 'focal'),
        label_smoothing: smoothing,
        class_weights: weights,
      }),
    ),
    mix,
    augmentation,
    input: fc
      .tuple(photographs, fc.constantFrom('shuffled', 'balanced'))
      .map(([drawn, sampling]) => ({ ...drawn, sampling })),
  }),
  'multi-label': fc.record({
    ...common,
    loss: fc.oneof(
      fc.record({
        type: fc.constant('bce'),
        class_weights: fc.constantFrom([], [1, 2, 0.5]),
        positive_weights: weights,
      }),
      fc.record({ type: fc.constant('focal'), class_weights: fc.constantFrom([], [1, 2, 0.5]) }),
    ),
    mix,
    augmentation,
    input: photographs,
  }),
  segmentation: fc.record({
    ...common,
    loss: withDetails(
      fc
        .tuple(
          fc.record({
            type: fc.constantFrom('cross_entropy', 'bce', 'focal'),
            label_smoothing: smoothing,
            class_weights: fc.constantFrom([], [1, 2, 0.5, 0], 'balanced'),
            dice: fc.constantFrom(0, 0.5),
          }),
          lovasz,
        )
        .map(([drawn, term]) => ({ ...drawn, ...term })),
    ),
    segmentation: fc.record({ flip: fc.boolean(), scale_min: fc.constantFrom(0.5, 1) }),
    input: fc.record({ color_jitter_train: fc.boolean() }),
  }),
};

/** Steps of an epoch: classification 7 (5 with a split), multi-label 4, segmentation 2. */
const STEPS: Record<TaskName, number> = { classification: 8, 'multi-label': 6, segmentation: 4 };

/** Runs of some tasks. */
export function drawnRuns(...tasks: readonly TaskName[]): fc.Arbitrary<DrawnRun> {
  return fc.constantFrom(...tasks).chain((task) =>
    fc.record({
      task: fc.constant(task),
      sections: sectionsOf[task],
      arena: fc.constantFrom(1, 1, 0.9),
      shards: fc.constantFrom(0, 2),
      steps: fc.constant(STEPS[task]),
      interrupted: fc.integer({ min: 1, max: STEPS[task] - 1 }),
      workers: fc.constantFrom(1, 3),
    }),
  );
}

/** The configuration of a drawn run, without its memory budget if the network cannot meet it. */
export function drawnConfig({ task, sections, arena, shards }: DrawnRun, more: Sections = {}): TrainConfig {
  const { network, optimizer: drawn, input, segmentation, ...others } = { ...sections, ...more };
  const { schedule: drawnSchedule, ...rule } = drawn ?? {};
  const momentum = rule.nesterov === true && rule.type !== 'SGD' ? { nesterov: false } : {};
  const given = {
    network: { width: 0.05, ...network, ...(shards > 0 && { bn_mode: 'sync' }) },
    optimizer: {
      ...(task === 'multi-label' ? { batch_size: 6 } : {}),
      ...rule,
      ...momentum,
      // The head normalizes one value per image, so each part of a batch of four has two images.
      ...(task === 'segmentation' && { accumulate: Math.min(2, Number(rule.accumulate)) }),
      schedule: { epochs: 3, ...Object(drawnSchedule) },
    },
    input: { ...input },
  };
  const raw =
    task === 'segmentation'
      ? { ...rawSegmentation({ ...given, segmentation }), ...others }
      : rawConfig({ ...given, ...others, ...(task === 'multi-label' && MULTI_LABEL) });
  const config = resolveConfig({ ...raw, deterministic_world: shards }, 'drawn.json');
  if (arena === 1) return config;
  const { neededBytes, session } = plannedRun(config);
  const memory_budget = Math.floor(session.stateBytes + arena * (neededBytes - session.stateBytes));
  const within = { ...config, memory_budget };
  try {
    plannedRun(within);
    return within;
  } catch (error) {
    if (error instanceof BudgetError) return config;
    throw error;
  }
}

/** Training and validation. */
function plannedRun(config: TrainConfig) {
  const task = taskOf(config);
  const batch = config.optimizer.batch_size;
  return planPrograms(task.network(), task, config, cpu(), { batch, evaluationBatches: [batch] });
}

const MULTI_LABEL = { task: 'multi-label', data: { train_labels: 'train.csv', val_labels: 'val.csv' } };

/**
 * Trains without interruption, and again interrupted and resumed with other workers and another cache: the
 * bits of states and metrics must be the same.
 */
export async function expectExactResume(run: DrawnRun, folders: Record<TaskName, string>): Promise<void> {
  const config = drawnConfig(run);
  const data = folders[run.task];
  const [whole, halved] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
  await runTraining({ config, data, logDir: whole, maxSteps: run.steps });
  await runTraining({ config, data, logDir: halved, maxSteps: run.interrupted });
  const resume = join(halved, 'checkpoints');
  const { workers, steps: maxSteps } = run;
  await runTraining({ config: cachedElsewhere(config), data, logDir: halved, resume, workers, maxSteps });
  expectSameState(await lastState(halved), await lastState(whole));
  expect(await linesOf(halved)).toEqual(await linesOf(whole));
}

/** Switches the cache: cached images, even of an earlier run, must equal freshly decoded ones. */
function cachedElsewhere(config: TrainConfig): TrainConfig {
  const cache = config.data.cache === 'ram' ? 'decoded' : 'ram';
  return { ...config, data: { ...config.data, cache } };
}

/** A run's metrics without times. */
export async function linesOf(logDir: string) {
  const records = await readMetrics(join(logDir, 'metrics.jsonl'));
  return records.map(({ time: _, imagesPerSecond: __, waitShare: ___, ...rest }) => rest);
}
