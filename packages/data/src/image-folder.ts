import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataError } from './errors.js';
import { describeOthers, filesBelow, foldersIn, IMAGE_NAME, listNames } from './folders.js';

/**
 * A data set laid out as `DIR/CLASS/…/NAME.{jpg,jpeg,png}`: what torchvision's ImageFolder finds, in its order.
 * Classes are the folders of DIR, sorted by code point; a class's images are found in every folder below it. Hidden files
 * and folders are left out, those that archivers make (`__MACOSX`) too. Names need not be UTF-8 (see systemPath).
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
   * @throws DataError where the folder is missing, has no class folder, or a class has no image.
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

  /** SHA-256 over the file names in order: two folders with one digest give every index the same meaning. */
  digest(): string {
    const hash = createHash('sha256');
    for (const file of this.files) hash.update(file).update('\0');
    return hash.digest('hex');
  }

  private outOfRange(index: number): RangeError {
    return new RangeError(`No image ${index} in ${this.root}, which has ${this.length}`);
  }
}

/** Throws a DataError that names the difference unless both folders have the same classes. */
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
