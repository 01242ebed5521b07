import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError, ImageError } from '../src/errors.js';
import { ImageFolder } from '../src/image-folder.js';
import { type Batch, createLoader, type SegmentationLoaderOptions } from '../src/loader.js';
import { sequentialSampler, shuffledSampler } from '../src/sampler.js';
import { SegmentationFolder } from '../src/segmentation-folder.js';
import { segmentationEvalTransform, segmentationTransform } from '../src/segmentation-transform.js';
import { evalTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const IMAGES = 11;
const SIDE = 8;

/** Image i is uniform gray i, with class 100 + i in all pixels. `files` replace or add files. */
async function grays(files: Record<string, Uint8Array | string> = {}): Promise<SegmentationFolder> {
  const root = await temporaryFolder();
  const all: Record<string, Uint8Array | string> = {};
  for (let i = 0; i < IMAGES; i++) {
    const name = String(i).padStart(2, '0');
    all[`images/${name}.png`] = grayPng(i, 12, 10);
    all[`labels/${name}.png`] = grayPng(100 + i, 12, 10);
  }
  await writeFiles(root, { ...all, ...files });
  return SegmentationFolder.open(root);
}

const plain = segmentationEvalTransform({ crop: SIDE });
const augmented = segmentationTransform({ crop: SIDE, scale: [0.3, 1.5], colorJitter: true });

function loaderOf(folder: SegmentationFolder, options: Partial<SegmentationLoaderOptions> = {}) {
  const sampler = sequentialSampler(folder.length);
  return createLoader({ folder, transform: plain, sampler, batchSize: 4, ...options });
}

const contentOf = ({ images, color, targets, labeled, labels, indices, size, number }: Batch) => ({
  number,
  images: [...images.subarray(0, size * SIDE * SIDE * 3)],
  color: [...color.subarray(0, size * 12)],
  targets: [...(targets ?? [])],
  labeled: [...(labeled ?? [])],
  labels: [...labels],
  indices: [...indices],
});

async function contents(loader: ReturnType<typeof loaderOf>, epoch = 0, startBatch = 0) {
  const batches = [];
  for await (const batch of loader.epoch(epoch, { startBatch })) {
    batches.push(contentOf(batch));
    batch.release();
  }
  return batches;
}

describe('a loader of label maps', () => {
  it('loads every image with its class ids, and ignores the rest of the last batch', async () => {
    const batches = await contents(loaderOf(await grays(), { slots: 1 }));
    const plane = SIDE * SIDE;
    const rows = batches.flatMap(({ targets }) =>
      Array.from({ length: 4 }, (_, row) => [...new Set(targets.slice(row * plane, (row + 1) * plane))]),
    );
    expect(rows).toEqual([...Array.from({ length: IMAGES }, (_, i) => [100 + i]), [255]]);
    expect(batches.flatMap(({ images }) => images.filter((_, i) => i % (3 * plane) === 0))).toEqual(
      Array.from({ length: IMAGES }, (_, i) => i),
    );
    expect(batches.map(({ targets }) => targets.length)).toEqual([4 * plane, 4 * plane, 4 * plane]);
    expect(new Set(batches.flatMap(({ labels }) => labels))).toEqual(new Set([-1]));
    expect(batches.at(-1)?.indices).toEqual([8, 9, 10, -1]);
    expect(batches.at(-1)?.labeled).toEqual([plane, plane, plane, 0]);
  });

  it('gives the same data with any worker count and ring size, even with unreadable files', async () => {
    const folder = await grays({ 'images/03.png': 'no image', 'labels/10.png': 'no map' });
    const sampler = shuffledSampler(folder.length, 7);
    const options = { transform: augmented, sampler, seed: 7, onBadImage: { skip: 2 } };
    const reference = await contents(loaderOf(folder, { ...options, workers: 1 }), 2);
    for (const [workers, slots] of [
      [2, 3],
      [3, 1],
    ]) {
      expect(await contents(loaderOf(folder, { ...options, workers, slots }), 2)).toEqual(reference);
    }
    expect(await contents(loaderOf(folder, options), 2, 1)).toEqual(reference.slice(1));
    expect(await contents(loaderOf(folder, options), 1)).not.toEqual(reference);
  });

  it('maps ignored ids to 255 and counts the others in its threads', async () => {
    const transform = segmentationEvalTransform({ crop: SIDE, classes: 111, ignoreIndex: 102 });
    const [first] = await contents(loaderOf(await grays(), { transform }));
    const plane = SIDE * SIDE;
    expect(first?.labeled).toEqual([plane, plane, 0, plane]);
    expect(new Set(first?.targets.slice(2 * plane, 3 * plane))).toEqual(new Set([255]));
  });

  it('stops at an unknown class id even if it skips unreadable images, and names the files', async () => {
    const folder = await grays();
    const transform = segmentationEvalTransform({ crop: SIDE, classes: 105, ignoreIndex: 106 });
    const loader = loaderOf(folder, { transform, onBadImage: { skip: 10 } });
    const error = await contents(loader).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ImageError', code: 'unknown-class' });
    expect(String(error)).toContain(
      `${folder.path(5)}: its label map ${folder.labelPath(5)} has pixels of class 105, one at x 2, y 1, but there are 105 classes`,
    );
    expect(() => segmentationEvalTransform({ crop: SIDE, classes: 256 })).toThrow('1 to 255 for classes');
  });

  it('replaces images whose label map cannot be used', async () => {
    const folder = await grays({
      'labels/02.png': 'no map',
      'labels/05.png': encode({ width: 12, height: 10, channels: 2, data: new Uint8Array(240) }),
    });
    const loader = loaderOf(folder, { onBadImage: { skip: 2 }, batchSize: IMAGES });
    const [batch] = await contents(loader);
    expect(batch?.indices).toEqual([0, 1, 3, 3, 4, 6, 6, 7, 8, 9, 10]);
    expect(loader.skipped.map(({ index }) => index).sort()).toEqual([2, 5]);
    expect(loader.skipped.find(({ index }) => index === 5)?.reason).toBe(
      `its label map ${folder.labelPath(5)} cannot be read: ` +
        'expected class ids as a gray or palette PNG of at most 8 bits, but it is gray with transparency',
    );
    await expect(contents(loaderOf(folder, { onBadImage: { skip: 1 } }))).rejects.toThrow(DataError);
  });

  it('names both files if their sizes differ', async () => {
    const folder = await grays({ 'labels/04.png': grayPng(1, 12, 9) });
    const error = await contents(loaderOf(folder)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(String(error)).toContain(
      `Cannot read the image ${folder.path(4)}: ` +
        `its label map ${folder.labelPath(4)} has 12×9 pixels and the image 12×10.`,
    );
  });

  it('says that labels must match the upright image', async () => {
    const turned = sharp(Buffer.from(grayPng(3, 12, 10))).withMetadata({ orientation: 6 });
    const folder = await grays({ 'images/00.png': await turned.png().toBuffer() });
    await expect(contents(loaderOf(folder))).rejects.toThrow(
      'has 12×10 pixels and the image 10×12 after its EXIF orientation was applied.',
    );
  });

  it('rejects a folder and a transform that do not match', async () => {
    const folder = await grays();
    const classified = await ImageFolder.open(folder.root);
    const mixed = [
      { folder, transform: evalTransform({ crop: SIDE }) },
      { folder: classified, transform: plain },
    ] as unknown as SegmentationLoaderOptions[];
    expect(() => loaderOf(folder, mixed[0])).toThrow(
      'A folder with label maps needs a segmentation transform',
    );
    expect(() => loaderOf(folder, mixed[1])).toThrow(
      'A segmentation transform needs a folder with label maps',
    );
  });

  it('has no class ids for classification', async () => {
    const folder = await ImageFolder.open((await grays()).root);
    const sampler = sequentialSampler(folder.length);
    const loader = createLoader({ folder, transform: evalTransform({ crop: 8 }), sampler, batchSize: 4 });
    for await (const batch of loader.epoch(0)) {
      expect(batch.targets).toBeNull();
      batch.release();
    }
  });
});
