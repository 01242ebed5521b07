import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, reasonOf } from './errors.js';

const IMAGE_NAME = /\.(jpe?g|png)$/i;

/**
 * A data set laid out as `DIR/CLASS/…/NAME.{jpg,jpeg,png}`: what torchvision's ImageFolder finds, in its order.
 * Classes are the folders of DIR, sorted by code point; a class's images are found in every folder below it.
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
    const entries = await list(root, 'data folder');
    const classes: string[] = [];
    for (const entry of entries) {
      if (await isFolder(root, entry)) classes.push(entry.name);
    }
    if (classes.length === 0) {
      throw new DataError(
        `No class folder in ${root}: expected one folder per class, each with jpg, jpeg or png files inside.`,
      );
    }
    classes.sort(compareCodePoints);
    const files: string[] = [];
    const labels: number[] = [];
    const empty: string[] = [];
    for (const [label, name] of classes.entries()) {
      const found = await imagesBelow(root, name);
      if (found.length === 0) empty.push(name);
      for (const file of found) {
        files.push(file);
        labels.push(label);
      }
    }
    if (empty.length > 0) {
      const which = empty.length === 1 ? `Class ${empty[0]} has` : `Classes ${listNames(empty)} have`;
      throw new DataError(
        `${which} no image in ${root}: add jpg, jpeg or png files or remove the empty class folder.`,
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

/** Orders strings as Python does: by code point, where JavaScript's own order is by UTF-16 unit. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above every other unit.
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/** Images of one class, relative to the root: folder by folder in order of their paths, sorted within each. */
async function imagesBelow(root: string, className: string): Promise<string[]> {
  const folders: string[] = [];
  const namesOf = new Map<string, string[]>();
  const pending = [className];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const names: string[] = [];
    for (const entry of await list(join(root, folder), 'class folder')) {
      if (await isFolder(join(root, folder), entry)) pending.push(`${folder}/${entry.name}`);
      else if (IMAGE_NAME.test(entry.name)) names.push(entry.name);
    }
    folders.push(folder);
    namesOf.set(folder, names.sort(compareCodePoints));
  }
  folders.sort(compareCodePoints);
  return folders.flatMap((folder) => (namesOf.get(folder) ?? []).map((name) => `${folder}/${name}`));
}

async function list(folder: string, what: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new DataError(`Cannot read the ${what} ${folder}: ${reasonOf(error)}. Check the path.`);
  }
}

/** True for a folder and for a link to one, as Python's `is_dir`. */
async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(join(parent, entry.name))).isDirectory();
  } catch {
    return false;
  }
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
