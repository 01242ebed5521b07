/** Class weights that follow from the training images. */
import type { RunMeta } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { ImageError, type ImageErrorCode } from '@inplace-abn/data';
import { balancedWeights } from '@inplace-abn/nn';
import { ALONE, formatDuration, type Peers, type Progress, type RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';

/**
 * Key of the training pixels by class in a run state. A run keeps its counts even if label maps change.
 */
export const PIXELS_KEY = 'pixelsOfClass';

interface Counting {
  /** Metadata of the state that the run resumes from. */
  readonly soFar: RunMeta | null;
  readonly peers?: Peers;
  readonly progress: Pick<Progress, 'note'>;
}

/**
 * Adds the training pixels of each class if `balanced` weights need them: those that the run has recorded, or
 * new ones, with each process counting its share of the label maps. A collective: all processes must call it.
 */
export async function withPixelCounts(
  data: RunData,
  config: TrainConfig,
  { soFar, peers = ALONE, progress }: Counting,
): Promise<RunData> {
  const { countPixels } = data;
  if (!countPixels || config.loss.class_weights !== 'balanced') return data;
  const known = peers.rank === 0 ? pixelsIn(soFar, config.network.classes) : null;
  const pixelsOfRun = await peers.fromFirst<readonly number[] | null>(known);
  if (pixelsOfRun) return { ...data, pixelsOfClass: pixelsOfRun };
  progress.note(`loss.class_weights "balanced": counting the pixels of ${data.trainImages} label maps`);
  const begin = performance.now();
  const pixelsOfClass = new Array<number>(config.network.classes).fill(0);
  for (const part of await peers.gather(await counted(countPixels))) {
    if ('reason' in part) throw new ImageError(part.path, part.reason, part.code);
    for (const [id, count] of part.pixels.entries()) pixelsOfClass[id] = (pixelsOfClass[id] ?? 0) + count;
  }
  if (pixelsOfClass.every((many) => many === 0)) {
    throw new UsageError('all pixels of the training label maps are ignored: there is nothing to learn');
  }
  const seconds = (performance.now() - begin) / 1000;
  progress.note(`counted in ${formatDuration(seconds)}; the checkpoints of the run keep the counts`);
  return { ...data, pixelsOfClass };
}

/** The counts of a process, or the first label map that it cannot use. */
type Counted =
  | { readonly pixels: readonly number[] }
  | { readonly path: string; readonly reason: string; readonly code: ImageErrorCode };

/** Shares an unusable label map with the other processes, so that the error of each names it. */
async function counted(count: () => Promise<readonly number[]>): Promise<Counted> {
  try {
    return { pixels: await count() };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const { path, reason, code } = error;
    return { path, reason, code };
  }
}

function pixelsIn(meta: RunMeta | null, classes: number): number[] | null {
  const found = meta?.[PIXELS_KEY];
  if (!Array.isArray(found) || found.length !== classes) return null;
  const pixels = found.filter((count) => typeof count === 'number' && count >= 0);
  return pixels.length === classes ? pixels : null;
}

/**
 * The configuration with numbers for `balanced` weights: images / (classes · images of the class), over the
 * classes that have images; for segmentation, pixels instead of images. A class without images has 0. Weights
 * of positive targets are images without the class / images with it, each count at least 1.
 */
export function withClassWeights(
  config: TrainConfig,
  {
    imagesOfClass,
    pixelsOfClass,
    trainImages,
  }: Pick<RunData, 'imagesOfClass' | 'pixelsOfClass' | 'trainImages'>,
): TrainConfig {
  const counts = imagesOfClass ?? pixelsOfClass;
  if (!counts) return config;
  if (config.loss.positive_weights === 'balanced') {
    const weights = counts.map((count) => (count > 0 ? Math.max(trainImages - count, 1) / count : 1));
    return { ...config, loss: { ...config.loss, positive_weights: weights } };
  }
  if (config.loss.class_weights !== 'balanced') return config;
  return { ...config, loss: { ...config.loss, class_weights: balancedWeights(counts) } };
}
