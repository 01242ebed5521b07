import type { Loader } from '@inplace-abn/data';
import type { AgreedData } from '../parallel/agreement.js';

/** The two data sets of a run and their loaders. */
export interface RunData extends AgreedData {
  readonly train: Loader;
  readonly val: Loader;
  /** Class names in label order, if the data set has them. */
  readonly classes?: readonly string[];
  /** Training images of each label, if an image has one. */
  readonly imagesOfClass?: readonly number[];
  /** Notes for the user before training starts. */
  readonly notes: readonly string[];
}
