import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, LabelFileError, reasonOf } from './errors.js';
import { systemPath } from './file-names.js';
import {
  compareCodePoints,
  describeOthers,
  filesBelow,
  IMAGE_FORMATS,
  IMAGE_NAME,
  listFolder,
  listNames,
} from './folders.js';
import { type LabelCoding, labelDecoder } from './label-coding.js';

const LABEL_NAME = /\.png$/i;
const JPEG_NAME = /\.(jfif|jpe|jpe?g)$/i;

/** How to derive the name of a label map from the name of its image. */
export interface LabelNaming {
  /** Suffix of an image's name before its extension. Files without it are not images of the data set. */
  imageSuffix?: string;
  /** Replaces the image suffix in a label map's name. */
  labelSuffix?: string;
}

/** Options of {@link SegmentationFolder.open}: where images and label maps are, and how they are named. */
export interface SegmentationFolderOptions extends LabelNaming {
  /** Folder of the images, relative to the root. Default 'images'. */
  images?: string;
  /** Folder of the label maps, relative to the root. Default 'labels'. */
  labels?: string;
  /**
   * File, relative to the root, with the names of the images to use, without extension, one per line.
   * Default: all images.
   */
  list?: string;
  /** How label maps code classes; default: their ids are classes. */
  coding?: LabelCoding;
}

/**
 * A data set of images with a class id per pixel, laid out as `DIR/images/…/NAME.{jpg,png,…}` with
 * `DIR/labels/…/NAME.png`. Images are sorted by the code points of their paths; hidden files and folders are
 * skipped. Options select other layouts, for example Cityscapes:
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
    /** Folder of the data set. */
    readonly root: string,
    private readonly images: readonly string[],
    private readonly labels: readonly string[],
    /** How its label maps code classes; undefined: their ids are classes. */
    readonly coding: LabelCoding | undefined,
    /** Image files left out because their formats are not supported, by extension. */
    readonly leftOut: ReadonlyMap<string, number>,
  ) {}

  /**
   * Scans a folder. Ignores label maps without an image.
   * @throws DataError if a folder is missing, there are no images, or an image has no label map
   * @throws LabelFileError naming file and line of a name in the list that has no image
   * @throws RangeError for a coding that contradicts itself
   */
  static async open(root: string, options: SegmentationFolderOptions = {}): Promise<SegmentationFolder> {
    const {
      images = 'images',
      labels = 'labels',
      imageSuffix = '',
      labelSuffix = '',
      list,
      coding,
    } = options;
    if (coding) labelDecoder(coding);
    const found = await filesBelow(root, images, IMAGE_NAME, 'folder of images');
    const all = found.files.filter((file) => stemOf(file).endsWith(imageSuffix)).sort(compareCodePoints);
    const files = list === undefined ? all : await listedIn(join(root, list), images, all);
    if (files.length === 0) {
      const ending = imageSuffix === '' ? '' : ` whose names end in ${imageSuffix}`;
      throw new DataError(
        `No images in ${join(root, images)}: expected ${IMAGE_FORMATS} files${ending}.${describeOthers(found.others)}`,
      );
    }
    const maps = await filesBelow(root, labels, LABEL_NAME, 'folder of label maps');
    const labelOf = byStem(maps.files);
    const stems = files.map((file) => {
      const stem = labelStem(file.slice(images.length), { imageSuffix, labelSuffix });
      return `${labels}${stem}`;
    });
    const missing = stems.filter((stem) => !labelOf.has(stem));
    if (missing.length > 0) {
      const which = missing.length === 1 ? '1 image has' : `${missing.length} images have`;
      const names = listNames(missing.map((stem) => `${stem}.png`));
      const others = await otherMaps(root, labels, new Set(missing), new Set(files));
      throw new DataError(
        `${which} no label map in ${root}, which has ${files.length} images: expected ${names}.` +
          `${others}${describeOthers(maps.others, 'png')}`,
      );
    }
    return new SegmentationFolder(
      root,
      files,
      stems.map((stem) => labelOf.get(stem) ?? ''),
      coding,
      found.others,
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

  /**
   * SHA-256 of the image and label map names in order, and of the coding. Equal digests assign the same
   * meaning to every index.
   */
  digest(): string {
    const hash = createHash('sha256');
    if (this.coding) hash.update(JSON.stringify(this.coding));
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

/** A sentence with a leading space about JPEG files instead of label maps; empty if there are none. */
async function otherMaps(
  root: string,
  labels: string,
  missing: ReadonlySet<string>,
  images: ReadonlySet<string>,
): Promise<string> {
  const { files } = await filesBelow(root, labels, JPEG_NAME, 'folder of label maps');
  const found = files.filter((file) => missing.has(stemOf(file)) && !images.has(file));
  const [first] = found;
  if (first === undefined) return '';
  const there = found.length === 1 ? `is ${first}` : `are ${found.length} JPEG files, such as ${first}`;
  return ` There ${there}: JPEG changes ids, so export label maps as png.`;
}

/** Those of `files` that a list names, in the order of `files`. */
async function listedIn(path: string, folder: string, files: readonly string[]): Promise<string[]> {
  const text = await readFile(systemPath(path), 'utf8').catch((error: unknown) => {
    throw new LabelFileError(path, 0, `cannot be read (${reasonOf(error)})`);
  });
  const known = new Map(files.map((file) => [stemOf(file), file]));
  const listed = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const name = line.trim();
    if (name === '') continue;
    const file = known.get(`${folder}/${name}`);
    if (file === undefined)
      throw new LabelFileError(path, index + 1, `there is no image ${name} in ${folder}`);
    listed.add(file);
  }
  return files.filter((file) => listed.has(file));
}

/** A folder of label maps for photographs in another folder: `DIR/NAME.png` belongs to NAME.jpg. */
export class LabelFolder {
  private constructor(
    /** Path of the folder. */
    readonly path: string,
    private readonly labels: ReadonlyMap<string, string>,
    private readonly naming: LabelNaming,
  ) {}

  /**
   * Lists the label maps directly in `path`.
   * @throws DataError if the folder cannot be read
   */
  static async open(path: string, naming: LabelNaming = {}): Promise<LabelFolder> {
    const entries = await listFolder(path, 'folder of label maps');
    const files = entries.filter(({ name, kind }) => kind === 'file' && LABEL_NAME.test(name));
    const names = files.map(({ name }) => name);
    return new LabelFolder(path, byStem(names.sort(compareCodePoints)), naming);
  }

  /** The label map of the image with this name; null if there is none. */
  labelOf(image: string): string | null {
    const stem = labelStem(image, this.naming);
    const file = stem === null ? undefined : this.labels.get(stem);
    return file === undefined ? null : join(this.path, file);
  }
}

/** Maps each file name without extension to the first such file. */
function byStem(files: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of files) if (!found.has(stemOf(file))) found.set(stemOf(file), file);
  return found;
}

/** The name of an image's label map without extension; null if the image's name lacks the suffix. */
function labelStem(image: string, { imageSuffix = '', labelSuffix = '' }: LabelNaming): string | null {
  const stem = stemOf(image);
  if (!stem.endsWith(imageSuffix)) return null;
  return `${stem.slice(0, stem.length - imageSuffix.length)}${labelSuffix}`;
}

/** A path without its extension. */
function stemOf(file: string): string {
  return file.replace(/\.[^./]*$/, '');
}
