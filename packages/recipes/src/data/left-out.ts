/** Notes about files of a data set that are not read. */
import type { LabeledImages } from '@inplace-abn/data';

/** A note on the image files of a folder in unsupported formats, if it has any. */
export function leftOutNotes({ root, leftOut }: Pick<LabeledImages, 'root' | 'leftOut'>): string[] {
  if (!leftOut?.size) return [];
  const all = [...leftOut.values()].reduce((sum, count) => sum + count, 0);
  const counts = [...leftOut].map(([ending, count]) => `${count} ${ending}`).join(', ');
  return [
    `${all} ${all === 1 ? 'file' : 'files'} in ${root} left out: ${counts}. These are not supported: convert to png or jpg`,
  ];
}
