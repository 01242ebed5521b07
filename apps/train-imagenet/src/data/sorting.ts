/** Commands that sort the images of a flat folder into class folders. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { DataConfig } from '@inplace-abn/recipes';

/** Kaggle's list of ImageNet's validation images: a header, then `NAME,CLASS X Y X Y …`, no extension. */
const KAGGLE_LIST = 'LOC_val_solution.csv';

/** How to name a list of the classes of the images in `folder`, or sort the images by it. */
export function sorting(dir: string, folder: string, { val }: DataConfig): string {
  const part = folder === join(dir, val) ? 'val' : 'train';
  const kaggle = join(dir, KAGGLE_LIST);
  const published = part === 'val' && existsSync(kaggle);
  const list = published ? KAGGLE_LIST : 'labels.csv';
  const named = `{ "data": { "${part}_labels": "${list}" } }`;
  const about = published
    ? [
        `Images without class folders need a list of their classes, such as ${KAGGLE_LIST}. Name it in the configuration:`,
        `  ${named}`,
        'Or sort the images into class folders by this list, once:',
      ]
    : [
        'Images without class folders need a list of their classes. Put the list next to the folder and name it in the',
        `configuration: ${named}, with a line such as`,
        '  ILSVRC2012_val_00000001.JPEG,n01751748',
        "for each image. Kaggle's LOC_val_solution.csv is such a list; the devkit's ground truth also needs its meta.mat (data.synsets).",
        'Or sort the images into class folders, once, by a list with such lines (file name with extension, comma, class, no quotes):',
      ];
  const path = quoted(relative(folder, join(dir, list)));
  return [...about, `  cd ${quoted(folder)}`, `  ${published ? sortByKaggle(path) : sortByLines(path)}`].join(
    '\n',
  );
}

/** Skips a header and empty rows, since they name no file; lines may end as on Windows. */
function sortByLines(list: string): string {
  return `tr -d '\\r' < ${list} | while IFS=, read -r file class || [ -n "$file" ]; do ${MOVE}; done`;
}

/** Of the classes and boxes of a line, takes the first class. */
function sortByKaggle(list: string): string {
  const files = `for file in "$name".*; do ${MOVE}; done`;
  return `tr -d '\\r' < ${list} | while IFS=', ' read -r name class boxes || [ -n "$name" ]; do ${files}; done`;
}

const MOVE = '[ -f "$file" ] && mkdir -p "$class" && mv "$file" "$class/"';

/** A shell word. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
