import type { BucketOptions } from '@inplace-abn/comm';
import type {
  ComputeDType,
  Device,
  DType,
  HostTensor,
  PriceList,
  Shape,
  TensorType,
  Value,
} from '@inplace-abn/core';
import { checkedPrices, checkOptionNames, described, parseBytes, UsageError } from '@inplace-abn/core';
import type { Loss, LossFunction, Per, Signals } from '@inplace-abn/nn';
import { type AverageOptions, checkAverage, type Optimizer } from '@inplace-abn/optim';
import type { ParameterGroup } from './groups.js';
import { checkKinds, type OptionKinds, refuse } from './kinds.js';
import type { LayerDecay } from './layer-decay.js';
import type { Metric } from './metrics.js';
import { checkMixing, type Mixing } from './mixing.js';
import type { Selection } from './selection.js';
import { checkShards } from './shards.js';
import type { SessionGroup } from './sharing.js';
import { isTensorOptions, named, type OneOrNamed } from './signals.js';

/** One sample, without the batch: images are C×H×W. */
export interface InputOptions {
  /** Sizes of one sample, such as [3, 224, 224]; [] for a scalar such as a label. */
  readonly shape: Shape;
  /** Element type. Default float32. */
  readonly dtype?: DType;
}

/**
 * `In` and `Out`: inputs and outputs of the network; `Target`: the loss's second argument; `M`: names of the
 * metrics.
 */
export interface SessionOptions<
  In extends Signals = Value,
  Out extends Signals = Value,
  Target extends Signals = Value,
  M extends string = string,
> {
  /** The network's input, or its inputs by name. */
  readonly input: Per<In, InputOptions>;
  /**
   * The target of one sample, for a loss that is a function; default: like the output. Losses that are values
   * define their targets.
   */
  readonly target?: Per<Target, InputOptions>;
  /** Loss for `train` and `evaluate`; a session without one only predicts. */
  readonly loss?: Loss<Out, Target> | LossFunction<Out, Target>;
  /** Metrics to compute with the loss, in training and evaluation. */
  readonly metrics?: Readonly<Record<M, Metric<Out, Target>>>;
  /** Update rule, such as `sgd({ learningRate: 0.1 })`; needed by `train`. */
  readonly optimizer?: Optimizer;
  /**
   * Groups of parameters with their own learning rate or weight decay. If several match a parameter, the
   * first applies.
   */
  readonly groups?: readonly ParameterGroup[];
  /**
   * Whether the optimizer's weight decay applies to norms and biases, including the scales and shifts of
   * in-place layers. The weight decay of a group takes precedence. Default true, as in PyTorch.
   */
  readonly decayNormAndBias?: boolean;
  /**
   * Ratio of each layer's learning rate to the next layer's, as timm's layer decay; it also multiplies the
   * rates of `groups`. With a number, the layers are the stem, each block and the part after the blocks, as
   * in all networks of @inplace-abn/models and many of torchvision and timm; {@link layerFactors} lists the
   * names of blocks that it knows. Parameters between two blocks are in the layer of the block before.
   * Default 1.
   */
  readonly layerDecay?: number | LayerDecay;
  /**
   * Parameters that are not trained. They have no gradient and no optimizer state, and values that only they
   * need are not kept. Running statistics still change; see `frozenStatistics`.
   */
  readonly freeze?: Selection;
  /**
   * Layers that normalize by their running statistics in training too, and do not update them. true: all.
   */
  readonly frozenStatistics?: true | Selection;
  /**
   * Parts that a training batch is divided into. Their gradients are summed, then the parameters are updated
   * once. Statistics are computed per part, as in PyTorch. To train a batch that does not fit, prefer
   * `memory`, which recomputes until the plan fits and keeps the statistics of the whole batch. Default 1.
   */
  readonly accumulate?: number;
  /** Largest global norm of the gradients (torch.nn.utils.clip_grad_norm_); default: no clipping. */
  readonly clip?: number;
  /**
   * Mixes the images of training batches in pairs, on the device: mixup and cutmix. `fit` draws by seed,
   * epoch and batch, `train` by the count of updates. Targets, or the losses of both labels, are mixed too;
   * targets must be of whole images, not of pixels. Metrics use each image's own target. Each image is paired
   * with the one before it in its process's part of the batch, within its part of `accumulate` and its shard;
   * an image that is alone there is not mixed. Default: none.
   */
  readonly mix?: Mixing;
  /** Keeps a moving average of the weights, updated in the training step; default: none. */
  readonly average?: AverageOptions;
  /**
   * Whether the result of a step includes the global norm of the gradients, before clipping. Default false.
   */
  readonly gradientNorm?: boolean;
  /** Where the network runs. Default: the CPU. */
  readonly device?: Device;
  /** Dtype of activations and their gradients; default float32. */
  readonly precision?: ComputeDType;
  /**
   * Limit for weights, optimizer state and activations together, in bytes or as '2GB'; default: none.
   */
  readonly memory?: number | string;
  /**
   * Measured times of instructions, as `priceListIn` reads them, to choose by seconds what `memory`
   * recomputes. Default: by bytes and operations, the same on every machine.
   */
  readonly prices?: PriceList;
  /**
   * The processes that train together, each on its own part of every batch. All of them call `train`, and get
   * the loss of the whole batch. Parts may differ in size: losses are treated as means over samples, or over
   * the units of {@link Loss.count}, such as labeled pixels. Default: this process alone.
   */
  readonly group?: SessionGroup;
  /**
   * Bytes of gradients that a group sums in one message, as a number or '16MiB'; the first message and the
   * last have about 1 MiB. Large ones cost fewer latencies, small ones begin earlier, during the backward
   * pass. The same on all processes; another size may round sums of more than two processes differently.
   * Default 8 MiB.
   */
  readonly bucketSize?: number | string;
  /**
   * The same bits for any number of processes: a training batch is divided into this many shards (2, 4, 8, …
   * or 64), each process computes whole shards, and sums over samples are made over shards in a fixed order.
   * The number of processes must divide it. Every process holds its part of the batch as `halved` divides it.
   * Kernels are not chosen by timing. Default: each process computes on its part at once, which is faster,
   * and sums depend on the number of processes in their last bits.
   */
  readonly deterministicWorld?: number;
  /** Determines initial weights, dropout and the draws of `mix`. Default 0. */
  readonly seed?: number;
  /** Initial states, requested when they are needed; default: those of the modules, by `seed`. */
  readonly initial?: () => Iterable<readonly [name: string, tensor: HostTensor]>;
}

const KNOWN = [
  'input',
  'target',
  'loss',
  'metrics',
  'optimizer',
  'groups',
  'decayNormAndBias',
  'layerDecay',
  'freeze',
  'frozenStatistics',
  'accumulate',
  'clip',
  'mix',
  'average',
  'gradientNorm',
  'device',
  'precision',
  'memory',
  'prices',
  'group',
  'bucketSize',
  'deterministicWorld',
  'seed',
  'initial',
] as const satisfies readonly (keyof SessionOptions)[];

const DTYPES: readonly string[] = [
  'float32',
  'bfloat16',
  'float16',
  'int32',
  'int64',
  'uint8',
] satisfies readonly DType[];

/** The options of a session, for any network. */
export type CheckedOptions = OptionKinds &
  Pick<
    SessionOptions,
    'average' | 'mix' | 'clip' | 'accumulate' | 'bucketSize' | 'deterministicWorld' | 'prices'
  > & {
    readonly input: OneOrNamed<InputOptions>;
    readonly target?: OneOrNamed<InputOptions>;
  };

/** Fails for what TypeScript would have refused: an unknown option, or an input without a shape. */
export function checkOptions(options: CheckedOptions): void {
  checkOptionNames('Session', options, KNOWN);
  checkKinds(options);
  checkSamples('input', options.input);
  if (options.target !== undefined) checkTarget(options.target, options.loss);
  bucketsIn(options);
  checkMixing(options);
  const { accumulate = 1 } = options;
  if (options.average) checkAverage(options.average);
  if (options.prices !== undefined) checkedPrices(options.prices, 'Session: prices');
  if (options.deterministicWorld !== undefined) checkShards(options.deterministicWorld);
  if (!(Number.isInteger(accumulate) && accumulate >= 1)) {
    throw new UsageError(
      `Session: expected accumulate to count parts, from 1, but received ${described(accumulate)}`,
      {
        code: 'ERR_OPTION_VALUE',
      },
    );
  }
  if (options.clip !== undefined && !(typeof options.clip === 'number' && options.clip > 0)) {
    throw new UsageError(`Session: expected a clip above 0 but received ${described(options.clip)}`, {
      code: 'ERR_OPTION_VALUE',
    });
  }
}

function checkSamples(role: 'input' | 'target', samples: OneOrNamed<InputOptions>): void {
  if (typeof samples !== 'object' || samples === null || Array.isArray(samples)) shapeError(role, undefined);
  if ('shape' in samples && typeof samples.shape !== 'object') shapeError(role, samples.shape);
  for (const [name, sample] of named(role, samples, isTensorOptions)) checkSample(name, sample);
}

/** Checks the target of a loss that is a function; a loss that is a value defines its own. */
function checkTarget(target: OneOrNamed<InputOptions>, loss: unknown): void {
  checkSamples('target', target);
  if (typeof loss !== 'object' || loss === null) return;
  throw new UsageError(
    'Session: only a loss that is a function takes target; a loss such as crossEntropy() defines its own targets: leave target out',
    { code: 'ERR_OPTION_VALUE' },
  );
}

function checkSample(name: string, options: InputOptions): void {
  checkOptionNames(`Session: ${name}`, options, ['shape', 'dtype']);
  const { shape, dtype = 'float32' } = options;
  if (!DTYPES.includes(dtype)) refuse('Session', `${name}.dtype to be one of ${DTYPES.join(', ')}`, dtype);
  const whole = Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 1);
  if (!whole) shapeError(name, shape);
}

function shapeError(name: string, shape: unknown): never {
  throw new UsageError(
    `Session: expected ${name}.shape to hold the sizes of one sample, such as [3, 224, 224], but received ${JSON.stringify(shape)}`,
    { code: 'ERR_SHAPE' },
  );
}

/** Types of one sample, by the names of graphs. */
export function samplesOf(role: string, options: OneOrNamed<InputOptions>): Map<string, TensorType> {
  return new Map(
    [...named(role, options, isTensorOptions)].map(([name, { shape, dtype = 'float32' }]) => [
      name,
      { shape, dtype },
    ]),
  );
}

/** The buckets that the options ask for. */
export function bucketsIn({ bucketSize }: Pick<SessionOptions, 'bucketSize'>): BucketOptions {
  return { bytes: bytesIn('Session', 'bucketSize', bucketSize) };
}

/** Bytes of a memory option of `where`; undefined if there is none. */
export function memoryBytes(memory: number | string | undefined, where = 'Session'): number | undefined {
  return bytesIn(where, 'memory', memory);
}

function bytesIn(where: string, name: string, value: number | string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const bytes = typeof value === 'string' ? parseBytes(value) : value;
  if (bytes !== null && Number.isFinite(bytes) && bytes >= 1) return Math.floor(bytes);
  throw new UsageError(
    `${where}: expected ${name} in bytes, such as 1500000000, '1500MB' or '1.5GiB', but received ${described(value)}`,
    { code: 'ERR_OPTION_VALUE' },
  );
}
