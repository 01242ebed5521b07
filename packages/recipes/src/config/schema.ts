import { z } from 'zod';
import { type AugmentationConfig, augmentationSection } from './augmentation.js';
import { type ControlConfig, controlSection } from './control.js';
import { type DataConfig, dataSection } from './data.js';
import { type EmaConfig, emaSection } from './ema.js';
import {
  absentAsEmpty,
  areaRange,
  byteSize,
  dilation,
  flag,
  integerFrom,
  MAX_DILATION,
  minusOneOr,
  number,
  numberAbove,
  numberFrom,
  numberFromBelow,
  oneOf,
  perChannel,
  positiveInteger,
  section,
  share,
  sides,
} from './fields.js';
import { type LossConfig, lossSection, multiLabelLossSection } from './loss.js';
import { type MixConfig, mixSection } from './mix.js';
import { isScheduleType, type ScheduleConfig, schedules, unknownSchedule } from './schedule.js';
import { type SegmentationConfig, segmentationSection } from './segmentation.js';

const dilationExpected =
  `an integer from 1 to ${MAX_DILATION}, a list of four (each such an integer, or for resnext a list of one a block), ` +
  'or true or false';
const rateOr = minusOneOr((expected) => numberFrom(0, expected), 'a number of at least 0');
const bytesOr = minusOneOr(byteSize, 'bytes, such as 1500000000, "1500MB" or "1.5GiB"');
const sidesOr = minusOneOr(sides, 'a positive integer or [height, width]');

function network(architectures: readonly string[] | undefined) {
  const arch = architectures ? z.enum(architectures, 'one of') : z.string('the name of an architecture');
  return section({
    arch: arch.default('resnet101'),
    activation: oneOf(['relu', 'leaky_relu', 'elu', 'identity']).default('relu'),
    activation_param: number().default(0.01),
    input_3x3: flag().default(false),
    bn_mode: oneOf(['standard', 'inplace', 'sync']).default('standard'),
    classes: integerFrom(0).default(1000),
    dilation: z
      .union(
        [
          dilation(dilationExpected),
          z
            .array(z.union([dilation(), z.array(dilation())], dilationExpected), dilationExpected)
            .length(4, dilationExpected),
          z.boolean(dilationExpected),
        ],
        dilationExpected,
      )
      .default(1),
    weight_init: oneOf([
      'xavier_normal',
      'xavier_uniform',
      'kaiming_normal',
      'kaiming_uniform',
      'orthogonal',
    ]).default('xavier_normal'),
    weight_gain_multiplier: numberAbove(0).default(1),
    precision: oneOf(['float32', 'bfloat16']).default('float32'),
    stem: oneOf(['imagenet', 'small']).default('imagenet'),
    width: numberAbove(0).default(1),
    keep_inputs: z.array(z.string('the path of a layer'), 'a list of paths of layers').default([]),
  });
}

function betas() {
  const expected = 'two numbers of at least 0 and below 1';
  const beta = z.number(expected).min(0, expected).lt(1, expected);
  return z.tuple([beta, beta], expected);
}

const PATHS = 'a list of paths of layers, in which * stands for any characters';
function parameterGroup() {
  const names = 'a list of names of parameters, in which * stands for any characters';
  return section({
    parameters: z.array(z.string(names), names).min(1, names),
    rate_factor: numberFrom(0).default(1),
    weight_decay: minusOneOr((expected) => numberFrom(0, expected), 'a number of at least 0').default(-1),
  });
}

function optimizer(schedule: z.ZodType<ScheduleConfig>) {
  return section({
    type: oneOf(['SGD', 'Adam', 'AdamW', 'LAMB', 'RMSprop', 'RMSpropTF']).default('SGD'),
    batch_size: positiveInteger().default(256),
    learning_rate: numberFrom(0).default(0.1),
    momentum: numberFrom(0).default(0.9),
    weight_decay: numberFrom(0).default(1e-4),
    decay_norm_and_bias: flag().default(true),
    betas: betas().default([0.9, 0.999]),
    alpha: minusOneOr(() => numberFromBelow(0, 1), 'a number of at least 0 and below 1').default(-1),
    eps: minusOneOr(() => numberAbove(0), 'a number above 0').default(-1),
    nesterov: flag().default(false),
    clip: numberFrom(0).default(1),
    classifier_lr: rateOr.default(-1),
    freeze: z.array(z.string(PATHS), PATHS).default([]),
    frozen_statistics: z
      .union([flag(), z.array(z.string(PATHS), PATHS)], `true, false or ${PATHS}`)
      .default(false),
    accumulate: positiveInteger().default(1),
    bucket_size: bytesOr.default(-1),
    layer_decay: share().default(1),
    groups: z.array(parameterGroup(), 'a list of groups of parameters').default([]),
    schedule,
  });
}

const input = section({
  scale_train: sidesOr.default(-1),
  crop_train: sides().default(224),
  area_train: areaRange().default([0.08, 1]),
  color_jitter_train: flag().default(false),
  lighting_train: flag().default(false),
  scale_val: sidesOr.default(256),
  crop_val: sides().default(224),
  mean: perChannel(number).default([0.485, 0.456, 0.406]),
  std: perChannel(() => numberAbove(0)).default([0.229, 0.224, 0.225]),
  sampling: oneOf(['shuffled', 'balanced']).default('shuffled'),
  unreadable: oneOf(['fail', 'skip']).default('fail'),
  unreadable_limit: integerFrom(0).default(100),
});

/** The `network` section of a configuration. */
export type NetworkConfig = z.output<ReturnType<typeof network>>;
/** The `optimizer` section of a configuration. */
export type OptimizerConfig = z.output<ReturnType<typeof optimizer>>;
/** The `input` section of a configuration. */
export type InputConfig = z.output<typeof input>;

/**
 * A complete training configuration: the reference's three sections and its defaults, with these additions.
 *
 * - `task`: `classification`; `multi-label`, where an image has any number of classes; or `segmentation` with
 *   a section of its own
 * - `network.precision`: `float32`, or `bfloat16` compute and activations under float32 weights and
 *   statistics
 * - `network.stem`: `imagenet` (7×7/2 and max-pool) or `small` (3×3/1, no pool), for images of 28 to 64
 *   pixels
 * - `network.width`: multiplies every channel count
 * - `network.keep_inputs`: paths of layers whose input is kept for the backward pass rather than rebuilt from
 *   their output; an audit of the plan names those where rebuilding is too coarse
 * - `optimizer.alpha`: decay of RMSprop's average of squared gradients; −1: the optimizer's own default
 * - `optimizer.freeze`: paths of parameters, or of layers, that are not trained
 * - `optimizer.frozen_statistics`: layers that normalize by their running statistics in training, too; true:
 *   all
 * - `optimizer.accumulate`: parts that a batch is divided into, one after the other; their gradients are
 *   summed
 * - `optimizer.bucket_size`: bytes of gradients that processes sum in one message; −1: 8 MiB
 * - `optimizer.layer_decay`: factor on the learning rate of each layer, from the last one down, as timm's
 *   `layer-decay`
 * - `optimizer.groups`: parameters with a learning rate (`rate_factor` times the others') or weight decay
 *   (−1: that of all) of their own; of several groups with a parameter the first counts
 * - `mix`, `loss`, `ema`, `control`: see {@link MixConfig}, {@link LossConfig}, {@link EmaConfig},
 *   {@link ControlConfig}
 * - `input.area_train`: share of the image's area that a random crop covers; small images want a larger least
 *   share
 * - `input.sampling`: every image once an epoch (`shuffled`), or as many drawn with replacement, all classes
 *   alike (`balanced`)
 * - `input.unreadable`: an unreadable image ends the run (`fail`) or is replaced and counted (`skip`), at
 *   most `input.unreadable_limit` of each data set, over all processes and epochs
 * - `augmentation`: see {@link AugmentationConfig}
 * - `data`: where images and labels are ({@link DataConfig})
 * - `memory_budget`: bytes that a process may take on its device for weights, optimizer state and the
 *   programs' arena; where keeping all that the backward pass needs takes more, some of it is recomputed. −1:
 *   none
 * - `deterministic_world`: shards that every batch is divided into (2, 4, 8, … or 64), so that any number of
 *   processes that divides it computes the same bits; 0: each process computes on its part of a batch at once
 * - `seed`: initial weights, data order and augmentation follow from it
 */
export type TrainConfig = ClassificationConfig | MultiLabelConfig | SegmentationTaskConfig;

interface CommonConfig {
  network: NetworkConfig;
  optimizer: OptimizerConfig;
  input: InputConfig;
  augmentation: AugmentationConfig;
  mix: MixConfig;
  loss: LossConfig;
  ema: EmaConfig;
  control: ControlConfig;
  data: DataConfig;
  memory_budget: number;
  deterministic_world: number;
  seed: number;
}

/** A configuration of the classification task. */
export interface ClassificationConfig extends CommonConfig {
  task: 'classification';
}

/** A configuration of the task whose images have any number of classes. */
export interface MultiLabelConfig extends CommonConfig {
  task: 'multi-label';
}

/** A configuration of the segmentation task. */
export interface SegmentationTaskConfig extends CommonConfig {
  task: 'segmentation';
  /** Head, output stride, sizes and names of label maps. */
  segmentation: SegmentationConfig;
}

const TASKS = ['classification', 'multi-label', 'segmentation'] as const;

/**
 * The schema for one raw configuration. Its task and the type of its schedule are looked up beforehand, so
 * that one pass over the object reports the parameters of both together with everything else.
 */
export function trainSchema(raw: unknown, architectures?: readonly string[]): z.ZodType<TrainConfig> {
  const type = valueAt(raw, ['optimizer', 'schedule', 'type']);
  const known = type === undefined ? 'constant' : type;
  const schedule = isScheduleType(known) ? schedules[known] : unknownSchedule;
  const common = {
    network: absentAsEmpty(network(architectures)),
    optimizer: absentAsEmpty(optimizer(absentAsEmpty(schedule))),
    input: absentAsEmpty(input),
    augmentation: absentAsEmpty(augmentationSection),
    mix: absentAsEmpty(mixSection),
    loss: absentAsEmpty(lossSection),
    ema: absentAsEmpty(emaSection),
    control: absentAsEmpty(controlSection),
    data: absentAsEmpty(dataSection),
  };
  const whole = {
    memory_budget: bytesOr.default(-1),
    deterministic_world: integerFrom(0).default(0),
    seed: integerFrom(0).default(0),
  };
  if (valueAt(raw, ['task']) === 'segmentation') {
    const own = { segmentation: absentAsEmpty(segmentationSection) };
    return section({ task: z.literal('segmentation'), ...common, ...own, ...whole });
  }
  if (valueAt(raw, ['task']) === 'multi-label') {
    const own = { loss: absentAsEmpty(multiLabelLossSection), segmentation: z.unknown().optional() };
    return section({ task: z.literal('multi-label'), ...common, ...own, ...whole });
  }
  const task = oneOf(TASKS).default('classification');
  return section({
    task: task.pipe(z.literal('classification')),
    ...common,
    // Refused by the rules, in their words.
    segmentation: z.unknown().optional(),
    ...whole,
  });
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    root,
  );
}
