import type { Loader, Rgb } from '@inplace-abn/data';
import type { AgreedData } from '../parallel/agreement.js';

/** The two data sets of a run and their loaders. */
export interface RunData extends AgreedData {
  /** Batches to train on. */
  readonly train: Loader;
  /** Batches to validate on. */
  readonly val: Loader;
  /** Class names in label order, if the data set has them. */
  readonly classes?: readonly string[];
  /** Training images of each label, if an image has one. */
  readonly imagesOfClass?: readonly number[];
  /** Training pixels of each class, if the run weighs classes by them. */
  readonly pixelsOfClass?: readonly number[];
  /** Counts them in this process's share of the label maps, which takes as long as reading those. */
  readonly countPixels?: () => Promise<readonly number[]>;
  /** Red, green and blue of each class, 0 to 255, if pixels are classified and the data set has colors. */
  readonly colors?: readonly Rgb[];
  /** Notes for the user before training starts. */
  readonly notes: readonly string[];
}
