import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ImageError, reasonOf } from './errors.js';
import { systemPath } from './file-names.js';

/**
 * Reads an image file.
 * @throws ImageError if the file is missing or not a regular file: a pipe or a device may never end
 */
export function readContent(path: string): Buffer {
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const file = openSync(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!fstatSync(file).isFile()) throw new Error('it is not a regular file');
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
}
