/** Finds the photographs of a command line: files, folders, patterns, and a list on standard input. */
import { stat } from 'node:fs/promises';
import { DataError, decodeName, imagesBelow, systemPath } from '@inplace-abn/data';
import { filesMatching, isPattern } from './glob.js';

/** The argument that stands for a list of files on standard input. */
export const LIST = '-';

const [NUL, LINE_FEED] = [0, 10];

/** A file, or a name that matches none. */
export type Found = { readonly path: string } | { readonly path: string; readonly reason: string };

/**
 * Yields the photographs that the arguments name, in order; folders are searched recursively. Files are not
 * opened, so a missing one fails when it is read.
 *
 * @param list chunks of the list: one path per line, or paths separated by NUL
 */
export async function* photographs(
  args: readonly string[],
  list: AsyncIterable<Uint8Array>,
): AsyncGenerator<Found, void, void> {
  for (const arg of args) {
    if (arg === LIST) {
      for await (const path of pathsIn(list)) yield { path };
    } else if (await isFolder(arg)) {
      yield* ofFolder(arg);
    } else if (isPattern(arg) && !(await exists(arg))) {
      let found = false;
      for await (const path of filesMatching(arg)) {
        found = true;
        yield { path };
      }
      if (!found) yield { path: arg, reason: 'no file matches this pattern' };
    } else {
      yield { path: arg };
    }
  }
}

async function* ofFolder(folder: string): AsyncGenerator<Found, void, void> {
  try {
    for (const path of await imagesBelow(folder)) yield { path };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    yield { path: folder, reason: error.message };
  }
}

/**
 * Yields the paths of a list as they arrive. A name that is not UTF-8 is escaped, as `systemPath` expects.
 */
export async function* pathsIn(list: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let rest = Buffer.alloc(0);
  let separator: number | null = null;
  for await (const piece of list) {
    rest = Buffer.concat([rest, piece]);
    separator ??= [NUL, LINE_FEED].find((byte) => rest.includes(byte)) ?? null;
    if (separator === null) continue;
    for (let end = rest.indexOf(separator); end !== -1; end = rest.indexOf(separator)) {
      yield* pathOf(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
  }
  yield* pathOf(rest);
}

function* pathOf(line: Buffer): Generator<string, void, void> {
  const path = decodeName(line).replace(/\r$/, '');
  if (path !== '') yield path;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(systemPath(path)).catch(() => null))?.isDirectory() ?? false;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(systemPath(path)).catch(() => null)) !== null;
}

/**
 * Splits a sequence into chunks. The first ones are small, so that work begins soon; later ones hold up to
 * `most` items, which bounds the memory for any number of items.
 */
export async function* inChunks<T>(
  items: AsyncIterable<T>,
  first: number,
  most: number,
): AsyncGenerator<T[], void, void> {
  let [chunk, size]: [T[], number] = [[], first];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
    size = Math.min(4 * size, most);
  }
  if (chunk.length > 0) yield chunk;
}
