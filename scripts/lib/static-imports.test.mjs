import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { inRoot } from './paths.mjs';

const IMPORT = /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'/gm;

/**
 * Packages that a file and all that it imports statically need, each with the file that imports it.
 * @param {string} file
 * @param {Set<string>} seen
 * @returns {string[]}
 */
function packagesOf(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].flatMap(([, from, bare]) => {
    const specifier = from ?? bare ?? '';
    if (specifier.startsWith('node:')) return [];
    if (!specifier.startsWith('.')) return [`${specifier} in ${path.relative(inRoot(), file)}`];
    const target = path.resolve(path.dirname(file), specifier);
    return existsSync(target) ? packagesOf(target, seen) : [`${specifier}, which a build makes`];
  });
}

// A fresh clone has no node_modules: set-up, which the script runs first, installs them.
it.each(readdirSync(inRoot('scripts')).filter((name) => name.endsWith('.mjs')))(
  '%s starts in a fresh clone',
  (name) => expect(packagesOf(inRoot('scripts', name))).toEqual([]),
);
