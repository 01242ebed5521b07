/** The `data` section of a configuration. */
import { z } from 'zod';
import { section } from './fields.js';

const shareExpected = 'a number of at least 0 and below 1';
const columnsExpected = 'a list of two texts (the columns with file and label), or an empty one';

export const dataSection = section({
  train: folder().default('train'),
  val: folder().default('val'),
  train_labels: text().default(''),
  val_labels: text().default(''),
  columns: z
    .union([z.tuple([folder(), folder()], columnsExpected), z.tuple([], columnsExpected)], columnsExpected)
    .default([]),
  synsets: text().default(''),
  split: z.number(shareExpected).min(0, shareExpected).lt(1, shareExpected).default(0),
});

/**
 * Where the images and their labels are; names are relative to the data folder DIR.
 *
 * - `train`, `val`: folders of the two data sets
 * - `train_labels`, `val_labels`: files that list the class of each image; empty: class folders
 * - `columns`: names of their columns with file and label, where they are not common ones
 * - `synsets`: file with the class of each number, for the list of ImageNet's devkit
 * - `split`: share of the training images to validate on, chosen by a hash of their names, where there is no folder `val`
 */
export type DataConfig = z.output<typeof dataSection>;

/** The keys of files of labels. */
export type LabelsKey = 'train_labels' | 'val_labels';

function text() {
  return z.string('a text');
}

function folder() {
  return text().min(1, 'a text');
}
