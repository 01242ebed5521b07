/** The `data` section of a configuration. */
import { LAYOUTS } from '@inplace-abn/data';
import { z } from 'zod';
import { byteSize, minusOneOr, section } from './fields.js';

const shareExpected = 'a number of at least 0 and below 1';
const columnsExpected = 'a list of at least two texts (the columns with file and label), or an empty one';

const bytesExpected = 'bytes, such as 1500000000, "1500MB" or "1.5GiB"';
const classExpected = 'a class from 0 to 255, or "ignore"';
const mapExpected = 'an object of ids from 0 to 255, or *, each with a class or "ignore"';

export const dataSection = section({
  train: folder().default('train'),
  val: folder().default('val'),
  train_labels: text().default(''),
  val_labels: text().default(''),
  columns: z
    .array(z.string(columnsExpected).min(1, columnsExpected), columnsExpected)
    .refine(({ length }) => length !== 1, columnsExpected)
    .default([]),
  label_separator: text().default(''),
  synsets: text().default(''),
  layout: z.enum(['folders', ...LAYOUTS], 'one of').default('folders'),
  palette: text().default(''),
  label_map: z
    .record(
      z.string().regex(/^(\*|\d{1,3})$/),
      z.union(
        [
          z.int(classExpected).min(0, classExpected).max(255, classExpected),
          z.literal('ignore', classExpected),
        ],
        classExpected,
      ),
      mapExpected,
    )
    .default({}),
  reduce_zero_label: z.boolean('true or false').default(false),
  cache: text().default(''),
  cache_limit: minusOneOr(byteSize, bytesExpected).default(-1),
  split: z.number(shareExpected).min(0, shareExpected).lt(1, shareExpected).default(0),
});

/**
 * Where the images and their labels are; names are relative to the data folder DIR.
 *
 * - `train`, `val`: folders of the two data sets
 * - `train_labels`, `val_labels`: files that list the class of each image; empty: class folders
 * - `columns`: names of their columns with file and label, where they are not common ones; with task
 *   `multi-label` also file and a column of 0 and 1 for each class
 * - `label_separator`: between the labels of an image with task `multi-label`; empty: found out
 * - `synsets`: file with the class of each number, for the list of ImageNet's devkit
 * - `layout`: a published data set for segmentation, as it is distributed; `folders`:
 *   DIR/train/{images,labels}
 * - `palette`: file with the color of each class, for label maps of colors
 * - `label_map`: class of each id of the label maps, or `ignore`; `*`: of all others
 * - `reduce_zero_label`: id 0 does not count and the others are one less; before `label_map`, as in
 *   mmsegmentation
 * - `cache`: `ram`, or a folder, that keeps decoded images for later epochs (and runs); empty: none.
 *   `cache_limit`: bytes it may hold, over all processes; −1: a quarter of the memory that the process may
 *   use, or half of the free space
 * - `split`: share of the training images to validate on, chosen by a hash of their names, where there is no
 *   folder `val`
 */
export type DataConfig = z.output<typeof dataSection>;

/** The keys that say how label maps code classes. */
export type LabelKeys = Pick<DataConfig, 'layout' | 'palette' | 'label_map' | 'reduce_zero_label'>;

/** The keys of files of labels. */
export type LabelsKey = 'train_labels' | 'val_labels';

function text() {
  return z.string('a text');
}

function folder() {
  return text().min(1, 'a text');
}
