// Shared by all data set folders: which files count as images, and their order.

import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { DataError, reasonOf } from './errors.js';
import { decodeName, systemPath } from './file-names.js';

export const IMAGE_NAME = /\.(avif|bmp|gif|jfif|jpe|jpe?g|png|tiff?|webp)$/i;

/** The same formats in words, for errors. */
export const IMAGE_FORMATS = 'jpg, png, webp, avif, tiff, gif or bmp';

/** Image formats that are not supported, or not for label maps; errors and notes mention them. */
const OTHER_IMAGE_NAME = /\.(avif|bmp|gif|hei[cf]|jp2|jxl|p[gp]m|tiff?|webp)$/i;

/** Compressed archives, in which a member cannot be read at its place. */
export const COMPRESSED_NAME = /\.(tar\.(gz|zst|xz|bz2)|tgz)$/i;

/** Hidden files and archive leftovers. */
const HIDDEN_NAME = /^(\.|__MACOSX$)/;

/**
 * A file, a folder or a link to one. A broken link counts as a file; reading it reports the missing target.
 */
export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly isLink: boolean;
}

/** Orders strings by code point, as Python does. JavaScript's `<` compares UTF-16 code units. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates encode code points above every other code unit.
    const xSurrogate = x >= 0xd800 && x <= 0xdfff;
    const ySurrogate = y >= 0xd800 && y <= 0xdfff;
    return xSurrogate === ySurrogate ? x - y : xSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/** Contents of a folder and its subfolders. */
export interface FoundFiles {
  /** Relative to the root, sorted folder by folder. */
  readonly files: string[];
  /** Number of images in unsupported formats, by extension. */
  readonly others: ReadonlyMap<string, number>;
}

/**
 * Finds the files below `folder` whose names match. Follows links, except to a folder that contains them.
 *
 * @param what names the folder in errors
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
 * Names of the folders in `root`, except links to a folder that contains `root`.
 *
 * @param what names the folder in errors
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

/** The real path of a folder, preceded by those of the folders it was reached through. */
type Trail = readonly string[];

/** The trail of `folder` below `root`. */
async function trailOf(root: string, folder: string): Promise<Trail> {
  try {
    return [await realPath(root), await realPath(join(root, folder))];
  } catch {
    // listFolder will report the reason.
    return [];
  }
}

/**
 * The trail of a folder in `parent`; undefined for a link back to one of its ancestors, which would never
 * end.
 */
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

/** Counts an image in an unsupported format. */
export function countOther(name: string, others: Map<string, number>): void {
  const ending = OTHER_IMAGE_NAME.exec(name)?.[0].toLowerCase();
  if (ending !== undefined) others.set(ending, (others.get(ending) ?? 0) + 1);
}

/** Adds the counts of `more` to `counts`. */
export function addCounts(counts: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [ending, count] of more) counts.set(ending, (counts.get(ending) ?? 0) + count);
}

/**
 * A sentence with a leading space about images in unsupported formats; empty if there are none.
 *
 * @param supported the formats to convert to
 */
export function describeOthers(others: ReadonlyMap<string, number>, supported = 'png or jpg'): string {
  if (others.size === 0) return '';
  const counts = [...others].map(([ending, count]) => `${count} ${ending}`).join(' and ');
  const single = counts.startsWith('1 ') && others.size === 1;
  const files = single ? `is ${counts} file, which is` : `are ${counts} files, which are`;
  return ` There ${files} not supported: convert to ${supported}.`;
}

/**
 * Lists the files and folders in a folder, without hidden ones, pipes, sockets and devices.
 * @throws DataError if the folder is missing or not a folder
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

/** The methods that Dirent and Stats share. */
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
  // Node has replaced bytes that are not UTF-8, so read the names again as bytes.
  const exact = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  return exact.map((entry) => ({ name: decodeName(entry.name), entry }));
}

/** The target of a link; null if the link is broken. */
async function targetOf(path: string): Promise<FileType | null> {
  return stat(systemPath(path)).catch(() => null);
}

function kindOf(type: FileType | null): Entry['kind'] | undefined {
  if (type === null || type.isFile()) return 'file';
  return type.isDirectory() ? 'folder' : undefined;
}

/** The first five names and the number of remaining ones. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
