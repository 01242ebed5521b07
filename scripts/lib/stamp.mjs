// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';

/**
 * Files under a folder, sorted, as paths relative to the root; `skip` names folders left out at any depth.
 * @param {string} folder
 * @param {string[]} skip
 * @returns {string[]}
 */
export function filesUnder(folder, skip) {
  if (!existsSync(inRoot(folder))) return [];
  return readdirSync(inRoot(folder), { withFileTypes: true })
    .filter((entry) => !skip.includes(entry.name))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesUnder(name, skip) : [name];
    })
    .sort();
}

/**
 * Hash of files' names and contents and of further strings that decide a result.
 * @param {string[]} files relative to the root
 * @param {string[]} [also]
 */
export function hashOf(files, also = []) {
  const hash = createHash('sha256');
  for (const text of also) hash.update(`${text}\0`);
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/**
 * The stamp's text, or '' where there is none.
 * @param {string} file relative to the root
 */
export const readStamp = (file) => (existsSync(inRoot(file)) ? readFileSync(inRoot(file), 'utf8') : '');

/**
 * @param {string} file relative to the root
 * @param {string} text
 */
export function writeStamp(file, text) {
  mkdirSync(path.dirname(inRoot(file)), { recursive: true });
  writeFileSync(inRoot(file), text);
}
