import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataError } from './errors.js';
import { describeOthers, filesBelow, foldersIn, IMAGE_NAME, listNames } from './folders.js';

/**
 * A data set laid out as `DIR/CLASS/…/NAME.{jpg,jpeg,png}`, with the same files in the same order as torchvision's
 * ImageFolder. Classes are the folders in DIR, sorted by code point; images are found at any depth below their class.
 * Hidden files and archive leftovers (`__MACOSX`) are skipped. Names need not be UTF-8 (see systemPath).
 */
export class ImageFolder {
  private constructor(
    readonly root: string,
    /** Class names; a label is an index into this list. */
    readonly classes: readonly string[],
    private readonly files: readonly string[],
    private readonly fileLabels: Int32Array,
  ) {}

  /**
   * Scans a folder.
   * @throws DataError if the folder is missing, has no class folders, or a class has no images
   */
  static async open(root: string): Promise<ImageFolder> {
    const classes = await foldersIn(root, 'data folder');
    if (classes.length === 0) {
      throw new DataError(
        `No class folder in ${root}: expected one folder per class, each with jpg, jpeg or png files inside.`,
      );
    }
    const files: string[] = [];
    const labels: number[] = [];
    const empty: string[] = [];
    const others = new Map<string, number>();
    for (const [label, name] of classes.entries()) {
      const found = await filesBelow(root, name, IMAGE_NAME, 'class folder');
      for (const file of found.files) {
        files.push(file);
        labels.push(label);
      }
      if (found.files.length > 0) continue;
      empty.push(name);
      for (const [ending, count] of found.others) others.set(ending, (others.get(ending) ?? 0) + count);
    }
    if (empty.length > 0) {
      const which = empty.length === 1 ? `Class ${empty[0]} has` : `Classes ${listNames(empty)} have`;
      throw new DataError(
        `${which} no image in ${root}: add jpg, jpeg or png files or remove the empty class folder.${describeOthers(others)}`,
      );
    }
    return new ImageFolder(root, classes, files, Int32Array.from(labels));
  }

  /** Number of images. */
  get length(): number {
    return this.files.length;
  }

  /** The file of image `index`. */
  path(index: number): string {
    return join(this.root, this.relativePath(index));
  }

  /** The file of image `index`, relative to the root, with forward slashes. */
  relativePath(index: number): string {
    const file = this.files[index];
    if (file === undefined) throw this.outOfRange(index);
    return file;
  }

  /** The class of image `index`. */
  label(index: number): number {
    const label = this.fileLabels[index];
    if (label === undefined) throw this.outOfRange(index);
    return label;
  }

  /** SHA-256 of the file names in order. Folders with equal digests assign the same meaning to every index. */
  digest(): string {
    const hash = createHash('sha256');
    for (const file of this.files) hash.update(file).update('\0');
    return hash.digest('hex');
  }

  private outOfRange(index: number): RangeError {
    return new RangeError(`No image ${index} in ${this.root}, which has ${this.length}`);
  }
}

/** @throws DataError naming the difference, unless both folders have the same classes */
export function assertSameClasses(train: ImageFolder, val: ImageFolder): void {
  const onlyTrain = train.classes.filter((name) => !val.classes.includes(name));
  const onlyVal = val.classes.filter((name) => !train.classes.includes(name));
  if (onlyTrain.length === 0 && onlyVal.length === 0) return;
  const differences = [
    onlyTrain.length > 0 ? `only in ${train.root}: ${listNames(onlyTrain)}` : '',
    onlyVal.length > 0 ? `only in ${val.root}: ${listNames(onlyVal)}` : '',
  ].filter((text) => text !== '');
  throw new DataError(
    `Training and validation classes differ; ${differences.join('; ')}. Both folders need the same class folders.`,
  );
}
