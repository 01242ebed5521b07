// @ts-check
// Error classes of the packages and the codes that their errors have.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../packages', import.meta.url));

/** Codes of Node's own errors, which ours are compared with. */
const NODES = new Set(['ERR_STREAM_DESTROYED']);

/** @typedef {{ name: string, parent: string, body: string }} ErrorClass */

/** Sources of all packages by path. */
export function sources() {
  return new Map(
    readdirSync(packages).flatMap((name) =>
      readdirSync(path.join(packages, name), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
        .map((file) => [`${name}/${file}`, readFileSync(path.join(packages, name, file), 'utf8')]),
    ),
  );
}

/**
 * Classes that extend Error, or one that does.
 * @param {Iterable<string>} texts
 * @returns {ErrorClass[]}
 */
export function errorClasses(texts) {
  const classes = [...texts].flatMap((text) =>
    [...text.matchAll(/\bclass (\w+) extends (\w+)[^{]*\{(\}|[\s\S]*?^\})/gm)].map(
      ([, name = '', parent = '', body = '']) => ({ name, parent, body }),
    ),
  );
  const parentOf = new Map(classes.map(({ name, parent }) => [name, parent]));
  /** @type {(name: string | undefined) => boolean} */
  const isError = (name) =>
    name !== undefined && (/^(Type|Range)?Error$/.test(name) || isError(parentOf.get(name)));
  return classes.filter(({ name }) => isError(name));
}

/**
 * Names of the classes that neither have a code nor inherit one.
 * @param {readonly ErrorClass[]} classes
 */
export function withoutCode(classes) {
  const known = new Map(classes.map((each) => [each.name, each]));
  /** @type {(each: ErrorClass | undefined) => boolean} */
  const hasCode = (each) =>
    each !== undefined && (/\breadonly code\b/.test(each.body) || hasCode(known.get(each.parent)));
  return classes.filter((each) => !hasCode(each)).map(({ name }) => name);
}

/**
 * Codes in the sources.
 * @param {Iterable<string>} texts
 */
export function codesIn(texts) {
  const found = [...texts].flatMap((text) => text.match(/(?<=['"])ERR_[A-Z_]+(?=['"])/g) ?? []);
  return new Set(found.filter((code) => !NODES.has(code)));
}

/**
 * Codes that the tables of a Markdown text list first in a row.
 * @param {string} text
 */
export function codesListed(text) {
  return [...text.matchAll(/^\| `([\w-]+)`/gm)].map(([, code = '']) => code);
}
