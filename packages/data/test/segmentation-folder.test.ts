import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataError } from '../src/errors.js';
import { SegmentationFolder, type SegmentationFolderOptions } from '../src/segmentation-folder.js';
import { temporaryFolder, writeFiles } from './images.js';

async function folderWith(...names: string[]): Promise<string> {
  const root = await temporaryFolder();
  await writeFiles(root, Object.fromEntries(names.map((name) => [name, 'x'])));
  return root;
}

async function pairsOf(root: string, options?: SegmentationFolderOptions) {
  const folder = await SegmentationFolder.open(root, options);
  return Array.from({ length: folder.length }, (_, i) => [
    folder.relativePath(i),
    folder.labelPath(i).slice(root.length + 1),
  ]);
}

describe('SegmentationFolder', () => {
  it('pairs images and label maps of the same name, sorted by code point', async () => {
    const root = await folderWith(
      'images/b.JPG',
      'images/a/2.jpeg',
      'images/a/10.png',
      'images/a-1.v2.jpg',
      'images/notes.txt',
      'images/a/._2.jpeg',
      'images/.ipynb_checkpoints/b-checkpoint.jpg',
      'images/__MACOSX/b.jpg',
      'labels/b.PNG',
      'labels/a/2.png',
      'labels/a/10.png',
      'labels/a-1.v2.png',
      'labels/a/unused.png',
      'labels/b.txt',
    );
    expect(await pairsOf(root)).toEqual([
      ['images/a-1.v2.jpg', 'labels/a-1.v2.png'],
      ['images/a/10.png', 'labels/a/10.png'],
      ['images/a/2.jpeg', 'labels/a/2.png'],
      ['images/b.JPG', 'labels/b.PNG'],
    ]);
    const folder = await SegmentationFolder.open(root);
    expect(folder.path(3)).toBe(join(root, 'images/b.JPG'));
    expect(() => folder.labelPath(4)).toThrow(`No image 4 in ${root}, which has 4`);
  });

  it('reads the layout of Cityscapes', async () => {
    const root = await folderWith(
      'leftImg8bit/train/aachen/1_leftImg8bit.png',
      'leftImg8bit/train/aachen/1_other.png',
      'gtFine/train/aachen/1_gtFine_labelTrainIds.png',
      'gtFine/train/aachen/1_gtFine_color.png',
    );
    const options = {
      images: 'leftImg8bit/train',
      labels: 'gtFine/train',
      imageSuffix: '_leftImg8bit',
      labelSuffix: '_gtFine_labelTrainIds',
    };
    expect(await pairsOf(root, options)).toEqual([
      ['leftImg8bit/train/aachen/1_leftImg8bit.png', 'gtFine/train/aachen/1_gtFine_labelTrainIds.png'],
    ]);
    await expect(SegmentationFolder.open(root, { ...options, imageSuffix: '_rgb' })).rejects.toThrow(
      'expected jpg, png, webp, avif, tiff, gif or bmp files whose names end in _rgb.',
    );
  });

  it('names the formats it found instead of images or label maps', async () => {
    const root = await folderWith('images/1.jxl', 'labels/1.png');
    await expect(SegmentationFolder.open(root)).rejects.toThrow(
      'expected jpg, png, webp, avif, tiff, gif or bmp files. There is 1 .jxl file, which is not supported: convert to png or jpg.',
    );
    const other = await folderWith('images/1.jpg', 'labels/1.tif', 'labels/2.tif');
    await expect(SegmentationFolder.open(other)).rejects.toThrow(
      'expected labels/1.png. There are 2 .tif files, which are not supported: convert to png.',
    );
    expect(
      (await SegmentationFolder.open(await folderWith('images/1.jpg', 'images/2.HEIC', 'labels/1.png')))
        .leftOut,
    ).toEqual(new Map([['.heic', 1]]));
  });

  it('says that JPEG changes ids', async () => {
    const root = await folderWith(
      'images/1.jpg',
      'images/2.jpg',
      'labels/1.jpg',
      'labels/2.JPEG',
      'labels/3.jpg',
    );
    await expect(SegmentationFolder.open(root)).rejects.toThrow(
      'expected labels/1.png, labels/2.png. There are 2 JPEG files, such as labels/1.jpg: JPEG changes ids, so export label maps as png.',
    );
    const together = { labels: 'images', labelSuffix: '_mask' };
    await writeFiles(root, { 'images/1_mask.png': 'x' });
    // Images in the folder of label maps are not meant as such.
    await expect(SegmentationFolder.open(root, together)).rejects.toThrow(
      /expected images\/\S+_mask\.png, [^.]+\.png\.$/,
    );
  });

  it('has a digest of the names of images and label maps', async () => {
    const digest = async (...names: string[]) =>
      (await SegmentationFolder.open(await folderWith(...names))).digest();
    const reference = await digest('images/1.jpg', 'labels/1.png');
    expect(await digest('images/1.jpg', 'labels/1.png', 'labels/2.png')).toBe(reference);
    expect(await digest('images/1.png', 'labels/1.png')).not.toBe(reference);
    expect(await digest('images/1.jpg', 'labels/1.PNG')).not.toBe(reference);
  });

  it.each([
    [[], 'Cannot read the folder of images ROOT/images: ENOENT'],
    [
      ['labels/1.png', 'images/1.gif.txt'],
      'No images in ROOT/images: expected jpg, png, webp, avif, tiff, gif or bmp files.',
    ],
    [['images/1.png'], 'Cannot read the folder of label maps ROOT/labels: ENOENT'],
    [
      ['images/1.png', 'images/2.png', 'labels/2.png'],
      '1 image has no label map in ROOT, which has 2 images: expected labels/1.png.',
    ],
    [
      [...'1234567'].map((name) => `images/${name}.jpg`).concat('labels/1.jpg', 'labels/3.png'),
      '6 images have no label map in ROOT, which has 7 images: expected labels/1.png, labels/2.png, labels/4.png, labels/5.png, labels/6.png and 1 more.',
    ],
  ])('reports missing folders and files: %j', async (names, message) => {
    const root = await folderWith(...names);
    const error = await SegmentationFolder.open(root).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toContain(message.replace('ROOT', root));
  });
});
