/** Which ids of a label map are classes, which do not count, and which are an error. */
import { IGNORED } from '@inplace-abn/data';

export interface LabelRange {
  readonly classes: number;
  /** Class id that does not count, in addition to 255. */
  readonly ignoreIndex: number;
}

/**
 * Writes class ids to `counted`, and 255 for pixels that do not count.
 *
 * @returns the index of the first id that is not a class; −1 if all are
 */
export function countedIds(
  ids: ArrayLike<number>,
  { classes, ignoreIndex }: LabelRange,
  counted: Int32Array | Uint8Array,
): number {
  for (let i = 0; i < counted.length; i++) {
    const id = ids[i] as number;
    if (id === ignoreIndex || id === IGNORED) counted[i] = IGNORED;
    else if (id < classes) counted[i] = id;
    else return i;
  }
  return -1;
}

/** The end of a sentence about a label map with an id that is not a class. */
export function foreignId(id: number, { classes }: LabelRange, x: number, y: number): string {
  return `has pixels of class ${id}, one at x ${x}, y ${y}, but network.classes is ${classes}: set it to the number of classes, or segmentation.ignore_index to ${id} if they do not count`;
}
