/** The largest batch, crop or width of a configuration that fits in memory, found on plans alone. */
import {
  type Device,
  formatBytes,
  largestWithin,
  portableCpu,
  smallestPlanned,
  UsageError,
} from '@inplace-abn/core';
import { shareSize } from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import { peersOnPaper } from '../engine/paper-peers.js';
import { planPrograms } from '../engine/plan-programs.js';
import { taskOf } from '../tasks/registry.js';

/** The size to maximize: images of a step, `input.crop_train`, or `network.width`. */
export type Growing = 'batch' | 'crop' | 'width';

/** The rest of the step whose size is maximized. */
export interface LargestOptions {
  /** Images of a step; default `optimizer.batch_size`. Ignored if the batch is maximized. */
  readonly batch?: number;
  /** Images of the validation set, to plan its smaller last batch too. */
  readonly validationImages?: number;
  /**
   * Processes that share the batch. The budget is for each of them, and a maximized batch is a multiple of
   * their number. Default 1.
   */
  readonly processes?: number;
}

/** The largest size that fits. */
export interface Largest {
  /** The maximized size. */
  readonly of: Growing;
  /** Images; the side of a square crop in pixels; or the factor on the network's channels. */
  readonly value: number;
  /** Arena, weights and optimizer state of training and evaluation with it. */
  readonly bytes: number;
  /** The configuration with it; the batch of the step is `batch`. */
  readonly config: TrainConfig;
  /** Images of the step. */
  readonly batch: number;
}

/** Crops are multiples of the stride of the deepest features, so that windows are complete. */
const CROP_STEP = 32;
/** A sixteenth of the channels keeps groups and vectors whole in the zoo's networks. */
const WIDTH_STEP = 1 / 16;

/** The step of each size. A batch grows by one image per process, or by one per shard. */
const STEPS: Readonly<Record<Growing, (config: TrainConfig, processes: number) => number>> = {
  batch: ({ deterministic_world: shards }, processes) => Math.max(processes, shards),
  crop: () => CROP_STEP,
  width: () => WIDTH_STEP,
};
/** Steps at most: 65,536 images, 8192 pixels, 16 times the channels. */
const MOST: Readonly<Record<Growing, number>> = { batch: 65_536, crop: 256, width: 256 };

/** Names a size in errors. */
const FIRST: Readonly<Record<Growing, (value: number) => string>> = {
  batch: (images) => (images === 1 ? 'a batch of one image' : `a batch of ${images} images`),
  crop: (pixels) => `a crop of ${pixels} pixels`,
  width: (factor) => `a network of width ${factor}`,
};

const ADVICE: Readonly<Record<Growing, string>> = {
  batch: 'lower input.crop_train or network.width, or raise the budget',
  crop: 'lower the batch or network.width, or raise the budget',
  width: 'lower the batch or input.crop_train, or raise the budget',
};

/**
 * The largest size with which training and evaluation fit in `budget` bytes on `device`. A batch is exact to
 * one image (with shards, to one image per shard), a square crop to 32 pixels, a width to a sixteenth.
 * Recomputes no more than a plan without a budget does.
 *
 * @throws UsageError if even the smallest does not fit, and as {@link planReport} does
 */
export function largestOf(
  growing: Growing,
  config: TrainConfig,
  device: Device,
  budget: number,
  options: LargestOptions = {},
): Largest {
  const kept = { ...config, memory_budget: -1 };
  const step = STEPS[growing](config, options.processes ?? 1);
  // At least one image of every shard in every part.
  const inShards = growing === 'batch' && config.deterministic_world > 0;
  const fewest = inShards ? config.optimizer.accumulate : 1;
  const at = (size: number) => withSize(growing, kept, size * step, options);
  const bytesOn = (planned: Device) => {
    const known = new Map<number, number>();
    return (size: number) => {
      const bytes = known.get(size) ?? neededBytes(at(size), planned, options);
      known.set(size, bytes);
      return bytes;
    };
  };
  const bytesAt = bytesOn(device);
  // Planning may autotune kernels for each size, which takes long for sizes far beyond memory.
  const estimated = device === portableCpu() ? bytesAt : bytesOn(portableCpu());
  const { size: least } = smallestPlanned(estimated, MOST[growing], fewest);
  const estimate = largestWithin(budget, estimated, MOST[growing], fewest)?.size ?? least;
  let most = Math.min(MOST[growing], estimate + Math.ceil(estimate / 8));
  let found = largestWithin(budget, bytesAt, most, fewest, estimate);
  while (found?.size === most && most < MOST[growing]) {
    most = Math.min(MOST[growing], 2 * most);
    found = largestWithin(budget, bytesAt, most, fewest, found.size);
  }
  if (!found) {
    throw new UsageError(
      `${FIRST[growing](least * step)} needs ${formatBytes(bytesAt(least))} but the budget is ${formatBytes(budget)}: ${ADVICE[growing]}`,
    );
  }
  return { of: growing, value: found.size * step, bytes: found.bytes, ...at(found.size) };
}

function withSize(
  growing: Growing,
  config: TrainConfig,
  value: number,
  { batch = config.optimizer.batch_size }: LargestOptions,
): Pick<Largest, 'config' | 'batch'> {
  if (growing === 'batch') return { config, batch: value };
  if (growing === 'crop')
    return { config: { ...config, input: { ...config.input, crop_train: value } }, batch };
  return { config: { ...config, network: { ...config.network, width: value } }, batch };
}

function neededBytes(
  { config, batch }: Pick<Largest, 'config' | 'batch'>,
  device: Device,
  { validationImages = 0, processes = 1 }: LargestOptions,
): number {
  const task = taskOf(config);
  const whole = { ...config, optimizer: { ...config.optimizer, batch_size: batch } };
  // The largest share, which is that of the first.
  const shareOf = (images: number) => shareSize(images, { rank: 0, size: processes });
  const last = shareOf(validationImages % batch);
  const own = shareOf(batch);
  const sizes = { batch: own, evaluationBatches: last > 0 ? [own, last] : [own] };
  return planPrograms(task.network(), task, whole, device, sizes, peersOnPaper(processes)).neededBytes;
}
