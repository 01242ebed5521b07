import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ImageError, reasonOf } from './errors.js';
import { systemPath } from './file-names.js';
import type { FilePart } from './labeled-files.js';
import { readAt } from './tar.js';
import type { Room } from './wasm/room.js';

/**
 * Reads an image file, or the part of a file that holds an image; into `room` if given.
 * @throws ImageError if the file is missing or not a regular file: a pipe or a device may never end
 */
export function readContent(path: string, part?: FilePart, room?: Room): Buffer {
  if (part) return readPart(path, part, room);
  try {
    // Without O_NONBLOCK, opening a pipe waits for a writer.
    const file = openSync(systemPath(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = fstatSync(file);
      if (!facts.isFile()) throw new Error('it is not a regular file');
      // readFileSync words the error of a file that is too large.
      const fits = room && facts.size < 2 ** 31;
      return fits ? readAt(file, bufferIn(room, facts.size), 0) : readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
}

function bufferIn(room: Room, size: number): Buffer {
  const { buffer, byteOffset } = room.take(size);
  return Buffer.from(buffer, byteOffset, size);
}

/** An error about a file in an archive, with its place there. */
export function placedIn(part: FilePart | undefined, error: unknown): unknown {
  if (!part || !(error instanceof ImageError)) return error;
  return new ImageError(error.path, `${error.reason} (at byte ${part.offset} of the shard)`, error.code);
}

/** Archives stay open: an epoch reads thousands of images of each. */
const MOST_OPEN = 32;
const opened = new Map<string, number>();

function readPart(path: string, { file, offset, size }: FilePart, room?: Room): Buffer {
  try {
    const buffer = room ? bufferIn(room, size) : Buffer.allocUnsafe(size);
    const content = readAt(openArchive(file), buffer, offset);
    if (content.length === size) return content;
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  }
  throw new ImageError(path, `the shard ends within it: it has ${size} bytes from byte ${offset} on`);
}

function openArchive(file: string): number {
  const known = opened.get(file);
  if (known !== undefined) return known;
  const [oldest] = opened;
  if (oldest && opened.size >= MOST_OPEN) {
    opened.delete(oldest[0]);
    closeSync(oldest[1]);
  }
  const descriptor = openSync(systemPath(file), 'r');
  opened.set(file, descriptor);
  return descriptor;
}
