// What is common to the folders that data sets are read from: which files are images, and in which order they come.

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, reasonOf } from './errors.js';

export const IMAGE_NAME = /\.(jpe?g|png)$/i;

/** Orders strings as Python does: by code point, where JavaScript's own order is by UTF-16 unit. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above every other unit.
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/**
 * Files below `folder` whose names match, relative to `root`: folder by folder in order of their paths, sorted within
 * each. `what` names the folder in errors.
 * @throws DataError
 */
export async function filesBelow(
  root: string,
  folder: string,
  name: RegExp,
  what: string,
): Promise<string[]> {
  const folders: string[] = [];
  const namesOf = new Map<string, string[]>();
  const pending = [folder];
  for (let inside = pending.pop(); inside !== undefined; inside = pending.pop()) {
    const names: string[] = [];
    for (const entry of await listFolder(join(root, inside), what)) {
      if (await isFolder(join(root, inside), entry)) pending.push(`${inside}/${entry.name}`);
      else if (name.test(entry.name)) names.push(entry.name);
    }
    folders.push(inside);
    namesOf.set(inside, names.sort(compareCodePoints));
  }
  folders.sort(compareCodePoints);
  return folders.flatMap((inside) => (namesOf.get(inside) ?? []).map((file) => `${inside}/${file}`));
}

/** @throws DataError where the folder is missing or is none */
export async function listFolder(folder: string, what: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new DataError(`Cannot read the ${what} ${folder}: ${reasonOf(error)}. Check the path.`);
  }
}

/** True for a folder and for a link to one, as Python's `is_dir`. */
export async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(join(parent, entry.name))).isDirectory();
  } catch {
    return false;
  }
}

/** The first five names, and how many there are beside them. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
