import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ImageError, reasonOf } from './errors.js';
import { systemPath } from './file-names.js';

/**
 * The content of an image file.
 * @throws ImageError where there is none, and for what is no file: a pipe or a device may never end
 */
export function readContent(path: string): Buffer {
  try {
    // Opening a pipe waits for a writer unless told otherwise.
    const file = openSync(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!fstatSync(file).isFile()) throw new Error('it is no regular file');
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
}
