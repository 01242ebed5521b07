/** The images of a test: folder, batches and preprocessing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  createLoader,
  evalTransform,
  foldersIn,
  ImageFolder,
  isSharded,
  type LabeledImages,
  type Loader,
  ShardedImages,
  type ShareOptions,
  type Sides,
  sequentialSampler,
  TEN_CROPS,
  tenCropTransform,
} from '@inplace-abn/data';
import { cacheFolderOf, openLabeledSet, refuseShards, type TrainConfig } from '@inplace-abn/recipes';

/** The images of a test. */
export interface TestImages {
  readonly images: LabeledImages;
  /** Whether labels are indices of the given classes rather than of class folders. */
  readonly listed: boolean;
  /** Notes to print. */
  readonly notes: readonly string[];
}

/**
 * Opens the images of a folder: with the configured list of labels (`data.val_labels`) if it exists, else tar
 * shards in DIR/val or DIR, else class folders.
 *
 * @param names names of the network's outputs, if known; class folders do not need them
 */
export async function openTestImages(
  dir: string,
  { task, data }: TrainConfig,
  names: () => Promise<readonly string[] | undefined>,
): Promise<TestImages> {
  const notes: string[] = [];
  const val = join(dir, data.val);
  const list = data.val_labels !== '' && existsSync(join(dir, data.val_labels));
  if (task === 'multi-label') {
    await refuseShards(dir, data, 'val');
    if (data.val_labels === '') {
      throw new UsageError('data.val_labels is empty: it names the list of labels of the images to test on');
    }
    const images = await openLabeledSet(dir, data, 'val', { labels: 'any', notes, classes: await names() });
    return { images, listed: true, notes };
  }
  if (list || (await isSharded(val))) {
    const images = await openLabeledSet(dir, data, 'val', { labels: 'one', notes, classes: await names() });
    return { images, listed: true, notes };
  }
  const folders = (await hasFolders(val)) || (await hasFolders(dir));
  if (!folders && (await isSharded(dir))) {
    return { images: await ShardedImages.open(dir, await names()), listed: true, notes };
  }
  return { images: await openTestFolder(dir, cacheFolderOf(dir, data)), listed: false, notes };
}

/**
 * Opens DIR/val if it has class folders, else DIR itself; `root` of the result is the opened folder.
 *
 * @param except a folder in DIR that is not a class, such as that of cached images
 * @throws UsageError if DIR does not exist or has class folders in DIR/train only
 */
export async function openTestFolder(dir: string, except?: string): Promise<ImageFolder> {
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
  return ImageFolder.open(dir, { except });
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
  readonly folder: LabeledImages;
  /** Columns of the label sets of a batch, for multi-label images. */
  readonly labelSets?: number;
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
  const { folder, labelSets, input, batchSize, workers, maxPixels, share, crop, scale, tenCrops } = options;
  const preparation = { crop, scale, mean: input.mean, std: input.std };
  return createLoader({
    folder,
    labelSets,
    transform: tenCrops ? tenCropTransform(preparation) : evalTransform(preparation),
    sampler: sequentialSampler(folder.length),
    batchSize,
    workers,
    maxPixels,
    share,
    onBadImage: 'leave out',
  });
}
