/** The names of a classifier's outputs from a text file. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '@inplace-abn/core';

/** A class with its folder and its name. */
export interface NamedClass {
  /** The class folder of the training images. */
  readonly folder: string;
  /** Name for people. */
  readonly name: string;
}

/**
 * Reads one line per output: `FOLDER`, or `FOLDER<TAB>NAME` to show another name. Empty lines at the end do
 * not count.
 *
 * @throws UsageError naming file and line
 */
export async function readClassFile(path: string): Promise<NamedClass[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `cannot read the classes in ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    );
  });
  const lines = text.trimEnd().split(/\r?\n/);
  const seen = new Map<string, number>();
  return lines.map((line, index) => {
    const [folder = '', name = ''] = line.split('\t', 2).map((part) => part.trim());
    const former = seen.get(folder);
    if (!folder || former !== undefined) {
      const what = folder ? `${folder} is already on line ${former}` : 'expected the name of a class folder';
      throw new UsageError(`${path}:${index + 1}: ${what}`);
    }
    seen.set(folder, index + 1);
    return { folder, name: name || folder };
  });
}
