import { readFile } from 'node:fs/promises';
import { LabelFileError, reasonOf } from './errors.js';
import { isMatFile, readMatSynsets } from './mat-file.js';

const NUMBER = /^\d+$/;
const SYNSET = /^n\d{8}$/;

/**
 * Reads the class of each number of ImageNet's devkit, from its `data/meta.mat` or from a text file. A line
 * of text has a number and a class folder (`n01440764`), in any order; the rest of it is ignored.
 *
 * @returns class folders by number
 * @throws LabelFileError naming file and line
 */
export async function readSynsets(path: string): Promise<ReadonlyMap<number, string>> {
  const content = await readFile(path).catch((error: unknown) => {
    throw new LabelFileError(path, 0, `cannot be read (${reasonOf(error)})`);
  });
  if (isMatFile(content)) {
    try {
      return readMatSynsets(content);
    } catch (error) {
      throw new LabelFileError(path, 0, `is a MATLAB file that cannot be read: ${reasonOf(error)}`);
    }
  }
  return textSynsets(path, content.toString());
}

function textSynsets(path: string, text: string): ReadonlyMap<number, string> {
  const classes = new Map<number, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const words = line
      .split(/[\s,;]+/)
      .filter((word) => word !== '')
      .slice(0, 3);
    if (words.length === 0) continue;
    const number = words.find((word) => NUMBER.test(word));
    const name = words.find((word) => SYNSET.test(word)) ?? words.find((word) => word !== number);
    if (number === undefined || name === undefined) {
      // A header.
      if (classes.size === 0 && index === 0) continue;
      throw new LabelFileError(path, index + 1, 'expected a number and a class folder, such as 1 n02119789');
    }
    if (classes.has(Number(number))) {
      throw new LabelFileError(path, index + 1, `number ${number} is given twice`);
    }
    classes.set(Number(number), name);
  }
  if (classes.size === 0) throw new LabelFileError(path, 0, 'is empty: expected a line for each class');
  return classes;
}
