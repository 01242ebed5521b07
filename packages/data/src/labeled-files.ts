import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Sampler } from './sampler.js';

/** Part of a file. */
export interface FilePart {
  /** Path of the file. */
  readonly file: string;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** Labeled images, whatever the source of the labels. */
export interface LabeledImages {
  /** The folder that paths are relative to. */
  readonly root: string;
  /** Class names; a label is an index into this list. */
  readonly classes: readonly string[];
  /** Number of images. */
  readonly length: number;
  /** The file of image `index`. */
  path(index: number): string;
  /** The file of image `index`, relative to the root, with forward slashes. */
  relativePath(index: number): string;
  /** The class of image `index`. */
  label(index: number): number;
  /**
   * The classes of image `index`, ascending, if an image may have any number of them; its `label` is then 0.
   */
  labelSet?(index: number): Int32Array;
  /** Where the content of image `index` is, if not in a file of its own. */
  part?(index: number): FilePart;
  /** Image files left out because their formats are not supported, by extension. */
  readonly leftOut?: ReadonlyMap<string, number>;
  /** Sampler for training, if some orders of reading are much slower than others. */
  sampler?(seed: number): Sampler;
  /** SHA-256 of names and labels in order. Equal digests assign the same meaning to every index. */
  digest(): string;
}

/** Image files with a class each. */
export class LabeledFiles implements LabeledImages {
  /**
   * Lists files that are known already; see {@link ImageFolder} and {@link openListed} for those of a folder.
   *
   * @param fileLabels class of each file
   * @param namesTell whether the class follows from a file's name, so that a digest of the names covers the
   * labels
   */
  constructor(
    /** Folder of the files. */
    readonly root: string,
    /** Names of the classes; a label is an index. */
    readonly classes: readonly string[],
    /** Paths of the images, relative to `root`. */
    protected readonly files: readonly string[],
    private readonly fileLabels: Int32Array,
    private readonly namesTell: boolean,
  ) {}

  get length(): number {
    return this.files.length;
  }

  path(index: number): string {
    return join(this.root, this.relativePath(index));
  }

  relativePath(index: number): string {
    const file = this.files[index];
    if (file === undefined) throw this.outOfRange(index);
    return file;
  }

  label(index: number): number {
    const label = this.fileLabels[index];
    if (label === undefined) throw this.outOfRange(index);
    return label;
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const [index, file] of this.files.entries()) {
      hash.update(file).update('\0');
      if (!this.namesTell) hash.update(`${this.fileLabels[index]}\0`);
    }
    return hash.digest('hex');
  }

  /** The images whose names `keep` accepts, in the same order and with the same classes. */
  select(keep: (file: string) => boolean): LabeledFiles {
    const labels: number[] = [];
    const files = this.files.filter((file, index) => {
      const kept = keep(file);
      if (kept) labels.push(this.fileLabels[index] ?? 0);
      return kept;
    });
    return new LabeledFiles(this.root, this.classes, files, Int32Array.from(labels), this.namesTell);
  }

  /** The error for an image that the folder does not have. */
  protected outOfRange(index: number): RangeError {
    return new RangeError(`No image ${index} in ${this.root}, which has ${this.length}`);
  }
}
