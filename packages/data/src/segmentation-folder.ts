import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataError } from './errors.js';
import { compareCodePoints, filesBelow, IMAGE_NAME, listNames } from './folders.js';

const LABEL_NAME = /\.png$/i;

export interface SegmentationFolderOptions {
  /** Folder of the images below the root; default 'images'. */
  images?: string;
  /** Folder of the label maps below the root; default 'labels'. */
  labels?: string;
  /** What an image's name ends with before its extension and its label map's does not; others are no images. */
  imageSuffix?: string;
  /** What a label map's name has in its place. */
  labelSuffix?: string;
}

/**
 * A data set of images with a class id for every pixel, laid out as `DIR/images/…/NAME.{jpg,jpeg,png}` with
 * `DIR/labels/…/NAME.png`. Images are sorted by code point of their paths. Other layouts are told by options, as
 * Cityscapes:
 *
 *     // leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png
 *     // gtFine/train/aachen/aachen_000000_000019_gtFine_labelTrainIds.png
 *     await SegmentationFolder.open('cityscapes', {
 *       images: 'leftImg8bit/train',
 *       labels: 'gtFine/train',
 *       imageSuffix: '_leftImg8bit',
 *       labelSuffix: '_gtFine_labelTrainIds',
 *     });
 */
export class SegmentationFolder {
  private constructor(
    readonly root: string,
    private readonly images: readonly string[],
    private readonly labels: readonly string[],
  ) {}

  /**
   * Scans a folder. Label maps without an image are left alone.
   * @throws DataError where a folder is missing, there are no images, or some have no label map
   */
  static async open(root: string, options: SegmentationFolderOptions = {}): Promise<SegmentationFolder> {
    const { images = 'images', labels = 'labels', imageSuffix = '', labelSuffix = '' } = options;
    const found = await filesBelow(root, images, IMAGE_NAME, 'folder of images');
    const files = found.filter((file) => stemOf(file).endsWith(imageSuffix)).sort(compareCodePoints);
    if (files.length === 0) {
      const ending = imageSuffix === '' ? '' : ` whose names end in ${imageSuffix}`;
      throw new DataError(`No images in ${join(root, images)}: expected jpg, jpeg or png files${ending}.`);
    }
    const labelOf = new Map<string, string>();
    for (const file of await filesBelow(root, labels, LABEL_NAME, 'folder of label maps')) {
      if (!labelOf.has(stemOf(file))) labelOf.set(stemOf(file), file);
    }
    const stems = files.map((file) => {
      const stem = stemOf(file).slice(images.length, -imageSuffix.length || undefined);
      return `${labels}${stem}${labelSuffix}`;
    });
    const missing = stems.filter((stem) => !labelOf.has(stem));
    if (missing.length > 0) {
      const which = missing.length === 1 ? '1 image has' : `${missing.length} images have`;
      const names = listNames(missing.map((stem) => `${stem}.png`));
      throw new DataError(
        `${which} no label map in ${root}, which has ${files.length} images: expected ${names}.`,
      );
    }
    return new SegmentationFolder(
      root,
      files,
      stems.map((stem) => labelOf.get(stem) ?? ''),
    );
  }

  /** Number of images. */
  get length(): number {
    return this.images.length;
  }

  /** The file of image `index`. */
  path(index: number): string {
    return join(this.root, this.relativePath(index));
  }

  /** The file of image `index`'s label map. */
  labelPath(index: number): string {
    return join(this.root, this.entry(this.labels, index));
  }

  /** The file of image `index`, relative to the root, with forward slashes. */
  relativePath(index: number): string {
    return this.entry(this.images, index);
  }

  /** SHA-256 over the names of images and label maps in order: with one digest every index has the same meaning. */
  digest(): string {
    const hash = createHash('sha256');
    for (const [i, file] of this.images.entries()) hash.update(`${file}\0${this.labels[i]}\0`);
    return hash.digest('hex');
  }

  private entry(files: readonly string[], index: number): string {
    const file = files[index];
    if (file === undefined) {
      throw new RangeError(`No image ${index} in ${this.root}, which has ${this.length}`);
    }
    return file;
  }
}

/** A path without its extension. */
function stemOf(file: string): string {
  return file.replace(/\.[^./]*$/, '');
}
