import { createHash } from 'node:crypto';
import { DataError } from './errors.js';
import type { LabeledFiles } from './labeled-files.js';

/** Two parts of a data set. */
export interface Split {
  /** Images to train on. */
  readonly train: LabeledFiles;
  /** Images that were set aside. */
  readonly val: LabeledFiles;
}

/**
 * Sets aside about `share` of the images for validation. The part of an image depends only on a hash of its
 * name relative to the root, so it stays the same when other images are added or removed.
 *
 * @throws RangeError unless `share` is between 0 and 1; DataError if a part would be empty
 */
export function splitByName(images: LabeledFiles, share: number): Split {
  if (!(share > 0 && share < 1))
    throw new RangeError(`Expected a share between 0 and 1 but received ${share}`);
  const inVal = (file: string) => positionOf(file) < share;
  const [train, val] = [images.select((file) => !inVal(file)), images.select(inVal)];
  if (train.length === 0 || val.length === 0) {
    throw new DataError(
      `${images.root} has ${images.length} images: too few to set aside ${100 * share} % of them. ` +
        `All would be ${train.length === 0 ? 'validation' : 'training'} images.`,
    );
  }
  return { train, val };
}

/** A number from 0 to 1 that follows from a name: the first 48 bits of its SHA-256. */
function positionOf(name: string): number {
  return createHash('sha256').update(name).digest().readUIntBE(0, 6) / 2 ** 48;
}
