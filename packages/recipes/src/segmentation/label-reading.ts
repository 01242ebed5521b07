/**
 * How the label maps of a configuration are named and read, in training, validation and comparisons of
 * predictions with labels.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '@inplace-abn/core';
import {
  IGNORED,
  type LabelCoding,
  type Layout,
  labelDecoder,
  layoutAbove,
  type NamedColor,
  openLayout,
  readPalette,
} from '@inplace-abn/data';
import type { LabelKeys } from '../config/data.js';
import type { SegmentationClass } from './classes.js';

export interface LabelReading {
  /** Layout of the data set; undefined for DIR/{train,val}/{images,labels}. */
  readonly layout?: Layout;
  readonly coding?: LabelCoding;
  /** Names and colors of the classes, if the palette or the layout has them. */
  readonly classes?: readonly SegmentationClass[];
}

/** The reading of a data folder. */
export async function readingIn(dir: string, keys: LabelKeys): Promise<LabelReading> {
  const layout = keys.layout === 'folders' ? undefined : await openLayout(keys.layout, dir);
  const palette = keys.palette === '' ? undefined : await readPalette(join(dir, keys.palette));
  return readingOf(keys, layout, palette);
}

/**
 * Like {@link readingIn}, for a folder of label maps: the data set's palette and layout are in it, or in a
 * folder above it.
 */
export async function readingAbove(labels: string, keys: LabelKeys): Promise<LabelReading> {
  const layout = keys.layout === 'folders' ? undefined : await layoutAbove(keys.layout, labels);
  const palette = keys.palette === '' ? undefined : await readPalette(fileAbove(labels, keys.palette));
  return readingOf(keys, layout, palette);
}

function fileAbove(folder: string, name: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = resolve(at, name);
    if (existsSync(path)) return path;
    if (dirname(at) === at) break;
  }
  throw new UsageError(
    `the labels in ${folder} are colors, and their palette ${name} is neither there nor in a parent folder: put it there (data.palette)`,
  );
}

function readingOf(
  { layout: name, label_map, reduce_zero_label }: LabelKeys,
  layout: Layout | undefined,
  palette: readonly NamedColor[] | undefined,
): LabelReading {
  const own = Object.keys(label_map).length > 0 ? label_map : undefined;
  if (reduce_zero_label && !own && layout?.coding?.labelMap) {
    throw new UsageError(
      `data.reduce_zero_label does not fit data.layout "${name}", which maps ids as they are: leave it out, or set data.label_map`,
    );
  }
  const labelMap = own ?? layout?.coding?.labelMap;
  const reduceZero = reduce_zero_label || layout?.coding?.reduceZero === true;
  const coded = palette !== undefined || reduceZero || labelMap !== undefined;
  const coding = {
    ...(palette && { palette: palette.map(({ id, color }) => ({ id, color })) }),
    ...(reduceZero && { reduceZero }),
    ...(labelMap && { labelMap }),
  };
  const named = own || reduce_zero_label ? undefined : layout?.named;
  return { layout, ...(coded && { coding }), classes: palette ? classesOf(palette, coding) : named };
}

/** The classes of a palette, by the first color of each; undefined if a class has none. */
function classesOf(
  palette: readonly NamedColor[],
  coding: LabelCoding,
): readonly SegmentationClass[] | undefined {
  const { classOf } = labelDecoder(coding);
  const classes: SegmentationClass[] = [];
  for (const { id, name, color } of palette) {
    const target = classOf ? (classOf[id] ?? -1) : id;
    if (target >= 0 && target < IGNORED) classes[target] ??= { id: target, name, color };
  }
  return Object.keys(classes).length === classes.length ? classes : undefined;
}
