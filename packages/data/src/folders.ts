// What is common to the folders that data sets are read from: which files are images, and in which order they come.

import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { DataError, reasonOf } from './errors.js';
import { decodeName, systemPath } from './file-names.js';

export const IMAGE_NAME = /\.(jpe?g|png)$/i;

/** Images of formats that are not read: named where there are no others. */
const OTHER_IMAGE_NAME = /\.(avif|bmp|gif|hei[cf]|jfif|jp2|jxl|p[gp]m|tiff?|webp)$/i;

/** Leftovers of archivers, file managers and notebooks. */
const HIDDEN_NAME = /^(\.|__MACOSX$)/;

/** A file or a folder, or a link to one. A link to nothing counts as a file: reading it tells what is missing. */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly isLink: boolean;
}

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

/** Contents of a folder and its subfolders. */
export interface FoundFiles {
  /** Relative to the root: folder by folder in order of their paths, sorted within each. */
  readonly files: string[];
  /** How many images of formats that are not read there are, by ending. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * The files below `folder` whose names match. Links are followed, but not back to a folder that they lie in. `what` names
 * the folder in errors.
 * @throws DataError
 */
export async function filesBelow(
  root: string,
  folder: string,
  name: RegExp,
  what: string,
): Promise<FoundFiles> {
  const namesOf = new Map<string, string[]>();
  const others = new Map<string, number>();
  const pending = [{ inside: folder, trail: await trailOf(root, folder) }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { inside, trail } = next;
    const names: string[] = [];
    for (const entry of await listFolder(join(root, inside), what)) {
      if (entry.kind === 'folder') {
        const below = await follow(trail, join(root, inside), entry);
        if (below) pending.push({ inside: `${inside}/${entry.name}`, trail: below });
      } else if (name.test(entry.name)) names.push(entry.name);
      else countOther(entry.name, others);
    }
    namesOf.set(inside, names.sort(compareCodePoints));
  }
  const folders = [...namesOf.keys()].sort(compareCodePoints);
  const files = folders.flatMap((inside) => (namesOf.get(inside) ?? []).map((file) => `${inside}/${file}`));
  return { files, others };
}

/**
 * Names of the folders in `root`, without links back to a folder that `root` lies in. `what` names `root` in errors.
 * @throws DataError
 */
export async function foldersIn(root: string, what: string): Promise<string[]> {
  const entries = await listFolder(root, what);
  const trail = [await realPath(root)];
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.kind === 'folder' && (await follow(trail, root, entry))) names.push(entry.name);
  }
  return names.sort(compareCodePoints);
}

/** Where a folder really lies, after those that links were followed from. */
type Trail = readonly string[];

/** The trail of `folder` below `root`. */
async function trailOf(root: string, folder: string): Promise<Trail> {
  try {
    return [await realPath(root), await realPath(join(root, folder))];
  } catch {
    // Listing it tells why.
    return [];
  }
}

/** The trail of a folder in `parent`; undefined for a link back to where it lies, which would never end. */
async function follow(trail: Trail, parent: string, { name, isLink }: Entry): Promise<Trail | undefined> {
  const here = trail.at(-1) ?? parent;
  if (!isLink) return [...trail.slice(0, -1), join(here, name)];
  const target = await realPath(join(parent, name));
  const returns = trail.some((folder) => folder === target || folder.startsWith(join(target, sep)));
  return returns ? undefined : [...trail, target];
}

async function realPath(path: string): Promise<string> {
  return decodeName(await realpath(systemPath(path), 'buffer'));
}

/** Counts an image of a format that is not read. */
export function countOther(name: string, others: Map<string, number>): void {
  const ending = OTHER_IMAGE_NAME.exec(name)?.[0].toLowerCase();
  if (ending !== undefined) others.set(ending, (others.get(ending) ?? 0) + 1);
}

/** A sentence, after a space, on images of formats that are not read; empty where there are none. */
export function describeOthers(others: ReadonlyMap<string, number>): string {
  if (others.size === 0) return '';
  const counts = [...others].map(([ending, count]) => `${count} ${ending}`).join(' and ');
  const single = counts.startsWith('1 ') && others.size === 1;
  const files = single ? `is ${counts} file, which is` : `are ${counts} files, which are`;
  return ` There ${files} not read: convert to png or jpg.`;
}

/**
 * The files and folders in a folder, without those that are hidden, and without pipes, sockets and devices.
 * @throws DataError where the folder is missing or is none
 */
export async function listFolder(folder: string, what: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for (const { name, entry } of await readEntries(folder)) {
      if (HIDDEN_NAME.test(name)) continue;
      const isLink = entry.isSymbolicLink();
      const kind = kindOf(isLink ? await targetOf(join(folder, name)) : entry);
      if (kind) entries.push({ name, kind, isLink });
    }
  } catch (error) {
    throw new DataError(`Cannot read the ${what} ${folder}: ${reasonOf(error)}. Check the path.`);
  }
  return entries;
}

/** The common part of Dirent and Stats. */
interface FileType {
  isFile(): boolean;
  isDirectory(): boolean;
}

async function readEntries(folder: string) {
  const path = systemPath(folder);
  const entries = await readdir(path, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes('\ufffd'))) {
    return entries.map((entry) => ({ name: entry.name, entry }));
  }
  // Some bytes may have been replaced, for which there is no way back.
  const exact = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  return exact.map((entry) => ({ name: decodeName(entry.name), entry }));
}

/** Target of a link; null for a broken one. */
async function targetOf(path: string): Promise<FileType | null> {
  return stat(systemPath(path)).catch(() => null);
}

function kindOf(type: FileType | null): Entry['kind'] | undefined {
  if (type === null || type.isFile()) return 'file';
  return type.isDirectory() ? 'folder' : undefined;
}

/** The first five names, and how many more there are. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
