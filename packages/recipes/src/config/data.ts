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
  /** Folder of the training images, or their tar shards. Default `train`. */
  train: folder().default('train'),
  /** Folder of the validation images, or their tar shards. Default `val`. */
  val: folder().default('val'),
  /** File that lists the class of each training image. Empty, the default: class folders. */
  train_labels: text().default(''),
  /** File that lists the class of each validation image. Empty, the default: class folders. */
  val_labels: text().default(''),
  /**
   * Names of the columns with file and label in those files. With `multi-label` the columns after the file's
   * may be the classes, with 0 or 1. Empty, the default: columns with common names.
   */
  columns: z
    .array(z.string(columnsExpected).min(1, columnsExpected), columnsExpected)
    .refine(({ length }) => length !== 1, columnsExpected)
    .default([]),
  /** Separates the labels of an image with `multi-label`. Empty, the default: detected. */
  label_separator: text().default(''),
  /** File with the class of each number, for the list of ImageNet's devkit. Empty, the default: none. */
  synsets: text().default(''),
  /**
   * A published data set for segmentation, as it is distributed. `folders`, the default: `DIR/train` and
   * `DIR/val`, each with the folders of images and of labels.
   */
  layout: z.enum(['folders', ...LAYOUTS], 'one of').default('folders'),
  /** File with the color of each class, for label maps of colors. Empty, the default: label maps hold ids. */
  palette: text().default(''),
  /**
   * Class of each id of the label maps, from 0 to 255, or `ignore`; `*` is any other id. Empty, the default:
   * ids are classes.
   */
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
  /**
   * Whether to ignore id 0 and subtract one from the others, before `label_map`, as in mmsegmentation.
   * Default false.
   */
  reduce_zero_label: z.boolean('true or false').default(false),
  /**
   * Keeps decoded images for later epochs: `ram`, or a folder, which also serves later runs. Empty, the
   * default: no cache.
   */
  cache: text().default(''),
  /**
   * Bytes that the cache may hold, over all processes. −1, the default: a quarter of the memory that the
   * process may use, or half of the free space.
   */
  cache_limit: minusOneOr(byteSize, bytesExpected).default(-1),
  /**
   * Share of the training images to validate on, from 0 to below 1, chosen by a hash of their names, if the
   * folder `val` is missing. Default 0.
   */
  split: z.number(shareExpected).min(0, shareExpected).lt(1, shareExpected).default(0),
});

/** Where the images and their labels are. Names are relative to the data folder DIR. */
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
