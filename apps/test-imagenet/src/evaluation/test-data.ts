/** The images of a test: folder, batches and preprocessing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  createLoader,
  evalTransform,
  foldersIn,
  ImageFolder,
  type Loader,
  type ShareOptions,
  type Sides,
  sequentialSampler,
  TEN_CROPS,
  tenCropTransform,
} from '@inplace-abn/data';
import type { TrainConfig } from '@inplace-abn/recipes';

/**
 * Opens DIR/val if it holds class folders, otherwise DIR itself; `root` of the result tells which.
 */
export async function openTestFolder(dir: string): Promise<ImageFolder> {
  if (!existsSync(dir)) {
    throw new UsageError(`${dir} does not exist: expected DIR/val/CLASS/*.{jpg,png,…} or DIR/CLASS/*`);
  }
  const val = join(dir, 'val');
  if (await hasFolders(val)) return ImageFolder.open(val);
  const train = join(dir, 'train');
  if (await hasFolders(train)) {
    throw new UsageError(
      `${dir} holds train/ but no val/ with class folders: to test on training images, name ${train}`,
    );
  }
  return ImageFolder.open(dir);
}

async function hasFolders(path: string): Promise<boolean> {
  const folders = await foldersIn(path, 'data folder').catch(() => []);
  return folders.length > 0;
}

export interface Preparation {
  /** Crop in pixels: the side of a square, or height and width. */
  readonly crop: Sides;
  /** Resize first: a number sets the shorter side, a pair height and width; −1 keeps the size. */
  readonly scale: Sides;
  /** Average over the four corners, the center and their mirror images, instead of only the center. */
  readonly tenCrops: boolean;
}

export interface TestLoaderOptions extends Preparation {
  readonly folder: ImageFolder;
  readonly input: TrainConfig['input'];
  readonly batchSize: number;
  readonly workers: number;
  /** Maximum pixels of an image. Default: the loader's limit. */
  readonly maxPixels?: number;
  /** This process's part of every batch. */
  readonly share?: ShareOptions;
}

/** Crops of each image. */
export function cropsOf({ tenCrops }: Preparation): number {
  return tenCrops ? TEN_CROPS : 1;
}

/** Visits every image once, in folder order. An unreadable one leaves a row with index −1. */
export function createTestLoader(options: TestLoaderOptions): Loader {
  const { folder, input, batchSize, workers, maxPixels, share, crop, scale, tenCrops } = options;
  const preparation = { crop, scale, mean: input.mean, std: input.std };
  return createLoader({
    folder,
    transform: tenCrops ? tenCropTransform(preparation) : evalTransform(preparation),
    sampler: sequentialSampler(folder.length),
    batchSize,
    workers,
    maxPixels,
    share,
    onBadImage: 'leave out',
  });
}
