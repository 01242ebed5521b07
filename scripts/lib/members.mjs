// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';

/**
 * @typedef {object} Member
 * @property {string} folder  relative to the root, such as packages/core
 * @property {any} manifest  its package.json
 */

/**
 * Members of the workspace as pnpm-workspace.yaml lists them, sorted by folder.
 * @returns {Member[]}
 */
function workspaceMembers() {
  return memberPatterns(readFileSync(inRoot('pnpm-workspace.yaml'), 'utf8'))
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern];
      const group = pattern.slice(0, -2);
      return existsSync(inRoot(group)) ? readdirSync(inRoot(group)).map((name) => `${group}/${name}`) : [];
    })
    .filter((folder) => existsSync(inRoot(folder, 'package.json')))
    .sort()
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(inRoot(folder, 'package.json'), 'utf8')),
    }));
}

/** @returns {Member[]} those that are published */
export const publishedMembers = () => workspaceMembers().filter(({ manifest }) => !manifest.private);

/**
 * @param {string} text  of a pnpm-workspace.yaml
 * @returns {string[]}
 */
export function memberPatterns(text) {
  const list = /^packages:\n((?:[ \t]+-.*\n|\s*\n)*)/m.exec(text)?.[1] ?? '';
  return [...list.matchAll(/-\s*['"]?([^'"\s]+)/g)].map(([, pattern = '']) => path.posix.normalize(pattern));
}

/**
 * A manifest as it is published: with versions instead of `workspace:`, without fields that only a checkout
 * needs.
 * @param {any} manifest
 * @param {Map<string, string>} versions  of the workspace's packages
 */
export function publishedManifest({ scripts: _, devDependencies: __, ...manifest }, versions) {
  const published = { ...manifest };
  for (const field of ['dependencies', 'optionalDependencies']) {
    if (!manifest[field]) continue;
    const ranges = Object.entries(manifest[field]).map(([name, range]) => {
      const prefix = /^workspace:([\^~*])$/.exec(range)?.[1];
      return [name, prefix ? `${prefix.replace('*', '')}${versions.get(name)}` : range];
    });
    published[field] = Object.fromEntries(ranges);
  }
  return published;
}
