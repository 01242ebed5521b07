// @ts-check
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const LINK = /<(?:a|link|img|script|iframe)\b[^>]*?\s(?:href|src)="([^"]*)"/g;
const ANCHOR = /\s(?:id|name)="([^"]*)"/g;

/**
 * Links and anchors of a built site that lead nowhere, as `PAGE: LINK`. Other sites are not asked.
 * @param {string} folder
 * @returns {string[]}
 */
export function brokenIn(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll(path.sep, '/'),
  );
  const there = new Set(files);
  const pages = new Map(
    files.filter((file) => file.endsWith('.html')).map((file) => [file, pageIn(path.join(folder, file))]),
  );
  return [...pages].flatMap(([file, { links }]) =>
    links.filter((link) => !leads(file, link, there, pages)).map((link) => `${file}: ${link}`),
  );
}

/** @typedef {{ links: string[], anchors: Set<string> }} Page */

/** @param {string} file @returns {Page} */
function pageIn(file) {
  if (!statSync(file).isFile()) return { links: [], anchors: new Set() };
  const html = readFileSync(file, 'utf8');
  const links = [...html.matchAll(LINK)].map(([, link = '']) => link.replaceAll('&amp;', '&'));
  return {
    links: [...new Set(links)].filter((link) => !/^[a-z]+:/.test(link)),
    anchors: new Set([...html.matchAll(ANCHOR)].map(([, name = '']) => name)),
  };
}

/**
 * @param {string} file
 * @param {string} link
 * @param {ReadonlySet<string>} there
 * @param {ReadonlyMap<string, Page>} pages
 */
function leads(file, link, there, pages) {
  const [target = '', anchor = ''] = decodeURI(link).split('#');
  const [local = ''] = target.split('?');
  const to = local === '' ? file : path.posix.normalize(path.posix.join(path.posix.dirname(file), local));
  if (!there.has(to)) return false;
  return anchor === '' || !pages.has(to) || pages.get(to)?.anchors.has(anchor) === true;
}
