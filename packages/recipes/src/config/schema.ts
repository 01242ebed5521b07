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
    /** Architecture of the network, or of a segmentation's body, such as `resnet50`. Default `resnet101`. */
    arch: arch.default('resnet101'),
    /**
     * Activation of the normalization layers. `relu` has no inverse, so it needs `bn_mode` `standard`.
     * Default `relu`.
     */
    activation: oneOf(['relu', 'leaky_relu', 'elu', 'identity']).default('relu'),
    /** Negative slope of `leaky_relu`, or α of `elu`; in-place layers need it above 0. Default 0.01. */
    activation_param: number().default(0.01),
    /**
     * Whether the stem of a ResNeXt or DenseNet has three 3×3 convolutions instead of one 7×7. Other families
     * ignore it. Default false.
     */
    input_3x3: flag().default(false),
    /**
     * `standard` keeps the input of a normalization for the backward pass. `inplace` overwrites it with the
     * output and inverts that. `sync` is `inplace` with the statistics of all processes. Default `standard`.
     */
    bn_mode: oneOf(['standard', 'inplace', 'sync']).default('standard'),
    /**
     * Outputs of the classifier, at least as many as class folders; 0: no classifier. A segmentation takes 1
     * to 255. Default 1000.
     */
    classes: integerFrom(0).default(1000),
    /**
     * Dilation of mod2 … mod5: an integer from 1 to 4096, or four; for `resnext50`, `resnext101` and
     * `resnext152` also a list with one for each block. `wider_resnet*_a2` take true or false. Default 1.
     */
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
    /**
     * Distribution of the initial convolution weights, as in `torch.nn.init`. The classifier's is always
     * `xavier_uniform` with gain 0.1. Default `xavier_normal`.
     */
    weight_init: oneOf([
      'xavier_normal',
      'xavier_uniform',
      'kaiming_normal',
      'kaiming_uniform',
      'orthogonal',
    ]).default('xavier_normal'),
    /** Factor on the activation's gain, above 0; `kaiming_*` ignores it. Default 1. */
    weight_gain_multiplier: numberAbove(0).default(1),
    /** Dtype of compute and activations. Weights, statistics and updates stay float32. Default `float32`. */
    precision: oneOf(['float32', 'bfloat16']).default('float32'),
    /**
     * `imagenet`: 7×7 convolution with stride 2, then max pooling. `small`: 3×3 with stride 1 and without
     * pooling, for images of 28 to 64 pixels. Default `imagenet`.
     */
    stem: oneOf(['imagenet', 'small']).default('imagenet'),
    /** Factor on every channel count, above 0. Default 1. */
    width: numberAbove(0).default(1),
    /**
     * Paths of layers whose input is kept for the backward pass instead of rebuilt from their output. An
     * audit of the plan names those where rebuilding is too coarse. Default: none.
     */
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
    /**
     * Names of parameters, or of layers for all parameters below them; `*` stands for any characters. At
     * least one.
     */
    parameters: z.array(z.string(names), names).min(1, names),
    /** Factor on the learning rate, at least 0. Default 1. */
    rate_factor: numberFrom(0).default(1),
    /** Weight decay, also of normalizations and biases. −1, the default: that of the other parameters. */
    weight_decay: minusOneOr((expected) => numberFrom(0, expected), 'a number of at least 0').default(-1),
  });
}

function optimizer(schedule: z.ZodType<ScheduleConfig>) {
  return section({
    /** `SGD`, `Adam`, `AdamW` and `RMSprop` are PyTorch's, `LAMB` and `RMSpropTF` timm's. Default `SGD`. */
    type: oneOf(['SGD', 'Adam', 'AdamW', 'LAMB', 'RMSprop', 'RMSpropTF']).default('SGD'),
    /** Images of a step, over all processes. Default 256. */
    batch_size: positiveInteger().default(256),
    /** Base learning rate, which the schedule multiplies; at least 0. Default 0.1. */
    learning_rate: numberFrom(0).default(0.1),
    /** Factor on the momentum buffer of SGD and RMSprop, without dampening; at least 0. Default 0.9. */
    momentum: numberFrom(0).default(0.9),
    /** L2 penalty; AdamW and LAMB apply it to the parameter directly. At least 0. Default 1e-4. */
    weight_decay: numberFrom(0).default(1e-4),
    /**
     * false: scales and shifts of normalizations, and biases, have no weight decay, as in timm. Default true.
     */
    decay_norm_and_bias: flag().default(true),
    /**
     * Decay of the averages of the gradient and of its square in Adam, AdamW and LAMB; both from 0 to below
     * 1. Default [0.9, 0.999].
     */
    betas: betas().default([0.9, 0.999]),
    /**
     * Decay of RMSprop's average of squared gradients, from 0 to below 1. −1, the default: 0.99, or 0.9 for
     * RMSpropTF.
     */
    alpha: minusOneOr(() => numberFromBelow(0, 1), 'a number of at least 0 and below 1').default(-1),
    /**
     * Added to the root of the squares, above 0; RMSpropTF adds it inside the root. −1, the default: 1e-8, or
     * 1e-6 for LAMB and 1e-10 for RMSpropTF.
     */
    eps: minusOneOr(() => numberAbove(0), 'a number above 0').default(-1),
    /** Nesterov momentum for SGD; needs a `momentum` above 0. Default false. */
    nesterov: flag().default(false),
    /**
     * Largest global norm of the gradients, as in `torch.nn.utils.clip_grad_norm_`; 0: not clipped. Default
     * 1.
     */
    clip: numberFrom(0).default(1),
    /**
     * Base learning rate of the classifier, in a segmentation of head and classifier. −1, the default:
     * `learning_rate`.
     */
    classifier_lr: rateOr.default(-1),
    /**
     * Names of parameters, or paths of layers, that are not trained; `*` stands for any characters. Default:
     * none.
     */
    freeze: z.array(z.string(PATHS), PATHS).default([]),
    /**
     * Paths of layers that normalize by their running statistics in training, too; true: all layers. Default
     * false.
     */
    frozen_statistics: z
      .union([flag(), z.array(z.string(PATHS), PATHS)], `true, false or ${PATHS}`)
      .default(false),
    /**
     * Parts of a batch that are trained one after the other (gradient accumulation). Gradients are summed;
     * batch statistics are those of each part. At most `batch_size`. Default 1.
     */
    accumulate: positiveInteger().default(1),
    /** Bytes of gradients that processes sum in one message. −1, the default: 8 MiB. */
    bucket_size: bytesOr.default(-1),
    /**
     * Factor on the learning rate from each layer to the one before it, as timm's `layer-decay`; above 0, at
     * most 1. Default 1.
     */
    layer_decay: share().default(1),
    /**
     * Parameters with a learning rate or weight decay of their own. If several groups match a parameter, the
     * first applies. Default: none.
     */
    groups: z.array(parameterGroup(), 'a list of groups of parameters').default([]),
    /** How the learning rate changes over epochs or steps. Default: constant for 10 epochs. */
    schedule,
  });
}

const input = section({
  /**
   * Resizes a training image before the crop: a number is the shorter side in pixels, a pair height and
   * width. −1, the default: not resized.
   */
  scale_train: sidesOr.default(-1),
  /** Pixels of a training image: the side of a square, or height and width. Default 224. */
  crop_train: sides().default(224),
  /**
   * Least and greatest share of the image's area that a random crop covers, above 0 and at most 1. Small
   * images want a larger least share. Default [0.08, 1].
   */
  area_train: areaRange().default([0.08, 1]),
  /** Whether to jitter saturation, brightness and contrast, each by a factor of 1 ± 0.4. Default false. */
  color_jitter_train: flag().default(false),
  /** Whether to add AlexNet's PCA noise to the colors, with a deviation of 0.1. Default false. */
  lighting_train: flag().default(false),
  /** Resizes a validation image before the crop, like `scale_train`. Default 256. */
  scale_val: sidesOr.default(256),
  /**
   * Pixels of a validation image, cut from the center: the side of a square, or height and width. Default
   * 224.
   */
  crop_val: sides().default(224),
  /**
   * Means of red, green and blue in [0, 1], which are subtracted. Default: ImageNet's, [0.485, 0.456, 0.406].
   */
  mean: perChannel(number).default([0.485, 0.456, 0.406]),
  /**
   * Standard deviations of red, green and blue in [0, 1], which divide; above 0. Default: ImageNet's, [0.229,
   * 0.224, 0.225].
   */
  std: perChannel(() => numberAbove(0)).default([0.229, 0.224, 0.225]),
  /**
   * Images of an epoch: each once (`shuffled`), or as many drawn with replacement, all classes alike
   * (`balanced`). Default `shuffled`.
   */
  sampling: oneOf(['shuffled', 'balanced']).default('shuffled'),
  /** An unreadable image ends the run (`fail`), or is replaced and counted (`skip`). Default `fail`. */
  unreadable: oneOf(['fail', 'skip']).default('fail'),
  /** Images of each data set that may be skipped, over all processes and epochs. Default 100. */
  unreadable_limit: integerFrom(0).default(100),
});

/** The `network` section of a configuration: architecture, normalization, initial weights and precision. */
export type NetworkConfig = z.output<ReturnType<typeof network>>;
/** The `optimizer` section of a configuration: update rule, batch, learning rates, and what is trained. */
export type OptimizerConfig = z.output<ReturnType<typeof optimizer>>;
/** The `input` section of a configuration: sizes, crops and colors of images, and how they are drawn. */
export type InputConfig = z.output<typeof input>;

/**
 * A complete training configuration: the three sections of the reference implementation (`network`,
 * `optimizer` and `input`) with its defaults, and the keys that this project adds. A key that a file leaves
 * out has its default: see {@link loadConfig}.
 */
export type TrainConfig = ClassificationConfig | MultiLabelConfig | SegmentationTaskConfig;

interface CommonConfig {
  /** Architecture, normalization, initial weights and precision. */
  network: NetworkConfig;
  /** Update rule, batch, learning rates, and what is trained. */
  optimizer: OptimizerConfig;
  /** Sizes, crops and colors of images, and how they are drawn. */
  input: InputConfig;
  /** Operations on training images after crop and flip. Default: none. */
  augmentation: AugmentationConfig;
  /** Mixup and cutmix of training images. Default: none. */
  mix: MixConfig;
  /** Loss of the training step. Default: cross entropy, of `multi-label` binary cross entropy. */
  loss: LossConfig;
  /** Moving average of the weights. Default: none. */
  ema: EmaConfig;
  /** When the run ends early. Default: after its last epoch. */
  control: ControlConfig;
  /** Where images and labels are, below the data folder DIR. */
  data: DataConfig;
  /**
   * Bytes that a process may take on its device for weights, optimizer state and the programs' arena. If
   * keeping all that the backward pass reads takes more, some of it is recomputed. −1, the default: no limit.
   */
  memory_budget: number;
  /**
   * Shards that every batch is divided into, a power of two from 2 to 64: any number of processes that
   * divides it then computes the same bits. It divides `optimizer.batch_size`. 0, the default: each process
   * computes on its part of a batch at once.
   */
  deterministic_world: number;
  /** Determines initial weights, data order and augmentation; an integer of at least 0. Default 0. */
  seed: number;
}

/** A configuration of the classification task. */
export interface ClassificationConfig extends CommonConfig {
  /** An image has one class. The default. */
  task: 'classification';
}

/** A configuration of the task whose images have any number of classes. */
export interface MultiLabelConfig extends CommonConfig {
  /** An image has any number of classes, each with its own sigmoid. */
  task: 'multi-label';
}

/** A configuration of the segmentation task. */
export interface SegmentationTaskConfig extends CommonConfig {
  /** Every pixel has a class. */
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
    // Accepted here, because the rules refuse it with a better message.
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
