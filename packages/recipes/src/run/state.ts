/** The position of a run, and its training state: position and store. */
import {
  CheckpointError,
  describedAs,
  type RunMeta,
  type RunState,
  type TensorContent,
} from '@inplace-abn/checkpoint';
import type { SkippedImage } from '@inplace-abn/data';
import { ACCUMULATED } from '@inplace-abn/optim';
import { statesIn } from '@inplace-abn/session';
import {
  bestKey,
  KERNELS_KEY,
  type MetricName,
  type Position,
  type RunData,
  SKIPPED_KEY,
} from '@inplace-abn/train';
import { configHash } from '../config/hash.js';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { PIXELS_KEY } from './class-weights.js';
import { type DescribedLabels, descriptionOf } from './description.js';

/** Batch size and data that a position within an epoch refers to. */
export interface EpochLayout {
  /** Images per step. */
  readonly batchSize: number;
  readonly trainImages: number;
  /** Digest of the names of the training files, in order. */
  readonly trainDigest: string;
  /** Determines the order of the images. */
  readonly seed: number;
  /** How images are drawn. */
  readonly sampling: string;
}

/** The part of the data that a layout needs. */
export type LayoutData = Pick<RunData, 'trainImages' | 'trainDigest'>;

export function layoutOf({ optimizer, input, seed }: TrainConfig, data: LayoutData): EpochLayout {
  const { trainImages, trainDigest } = data;
  return { batchSize: optimizer.batch_size, trainImages, trainDigest, seed, sampling: input.sampling };
}

/** Differences of two layouts, such as `optimizer.batch_size 8 -> 16`. */
export function layoutChanges(before: EpochLayout, now: EpochLayout): string[] {
  const changes: string[] = [];
  const compare = (what: string, from: number | string, to: number | string) => {
    if (from !== to) changes.push(`${what} ${from} -> ${to}`);
  };
  compare('optimizer.batch_size', before.batchSize, now.batchSize);
  compare('seed', before.seed, now.seed);
  compare('input.sampling', before.sampling, now.sampling);
  compare('training images', before.trainImages, now.trainImages);
  const sameCount = before.trainImages === now.trainImages;
  if (sameCount && before.trainDigest !== now.trainDigest) changes.push('names of the training images');
  return changes;
}

/** Everything that a resume needs. Tensors are read from the engine only when they are written. */
export function captureState(
  engine: Engine,
  position: Position,
  config: TrainConfig,
  about: {
    readonly layout: EpochLayout;
    readonly versions: Readonly<Record<string, string>>;
    readonly skipped?: readonly SkippedImage[];
    readonly labels?: DescribedLabels & Pick<RunData, 'pixelsOfClass'>;
  },
): RunState<TensorContent> {
  const { layout, versions, skipped = [], labels } = about;
  const { best, ...place } = position;
  const known = { ...place, [bestKey(engine.task.criterion)]: best };
  const { arch, bn_mode: bnMode } = config.network;
  const identity = { arch, bnMode, configHash: configHash(config) };
  return {
    meta: {
      ...known,
      ...layout,
      ...identity,
      ...describedAs(descriptionOf(config, labels)),
      versions: { ...versions },
      [KERNELS_KEY]: { ...engine.kernels },
      ...(labels?.pixelsOfClass && { [PIXELS_KEY]: [...labels.pixelsOfClass] }),
      ...(skipped.length > 0 && { [SKIPPED_KEY]: skipped.map((image) => ({ ...image })) }),
    },
    model: statesIn(engine.store, 'parameter', 'buffer'),
    optimizer: savedIn(statesIn(engine.store, 'optimizer')),
  };
}

/**
 * The position in a saved state, and the layout of its epoch. `criterion` selects the run's best checkpoint.
 */
export function positionOf(
  meta: RunMeta,
  criterion: MetricName,
  path: string,
): { readonly position: Position; readonly layout: EpochLayout } {
  const missing = (key: string) => new CheckpointError(`${path}: "${key}" of the training state is missing.`);
  const count = (key: string): number => {
    const value = meta[key];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw missing(key);
  };
  const { epoch, step, seed, trainDigest, stepOfBest, sampling, resultToBeat, sinceBest } = meta;
  const best = meta[bestKey(criterion)];
  if (typeof best !== 'number') {
    throw new CheckpointError(
      `${path}: "${bestKey(criterion)}" of the training state is missing: it comes from a run with another task.`,
    );
  }
  if (typeof trainDigest !== 'string') throw missing('trainDigest');
  return {
    position: {
      epoch,
      step,
      stepInEpoch: count('stepInEpoch'),
      best,
      stepOfBest: typeof stepOfBest === 'number' ? stepOfBest : null,
      // Earlier versions compared with the best result and do not record this.
      resultToBeat: typeof resultToBeat === 'number' ? resultToBeat : epoch > 0 ? best : null,
      sinceBest: typeof sinceBest === 'number' ? sinceBest : 0,
    },
    layout: {
      batchSize: count('batchSize'),
      trainImages: count('trainImages'),
      trainDigest,
      seed,
      // Earlier versions do not record it.
      sampling: typeof sampling === 'string' ? sampling : 'shuffled',
    },
  };
}

/** Optimizer states that outlive a step, unlike sums over the parts of a batch. */
export function savedIn<T>(states: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...states].filter(([name]) => !name.endsWith(`.${ACCUMULATED}`)));
}
