// @ts-check
// The files of this repository.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ignore from 'ignore';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Paths, relative to the root, of files that git would track. Reads .gitignore instead of calling git, because a
 * source archive has no history, and a minimal system has no git.
 * @returns {string[]}
 */
export function sourceFiles() {
  const rules = readFileSync(path.join(root, '.gitignore'), 'utf8');
  const ignored = ignore.default().add('.git').add(rules);
  /** @param {string} folder  '' or ending in a slash @returns {string[]} */
  const below = (folder) =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = `${folder}${entry.name}`;
      if (entry.isDirectory()) return ignored.ignores(`${name}/`) ? [] : below(`${name}/`);
      return ignored.ignores(name) ? [] : [name];
    });
  return below('');
}
