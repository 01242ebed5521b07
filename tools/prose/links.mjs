// @ts-check
import path from 'node:path';

/** @typedef {import('./problems.mjs').Problem} Problem */

/** Links of package READMEs are absolute, because npm's pages show them. */
const OWN = /^https:\/\/github\.com\/inplace-abn\/inplace-abn\/(?:blob|tree)\/main\//;
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/**
 * Links of a Markdown file that lead nowhere: to no file of the repository, or to no heading of one. Other
 * sites are not asked.
 * @param {string} file
 * @param {ReadonlyMap<string, string>} texts  every tracked Markdown file
 * @param {ReadonlySet<string>} paths  every tracked file and folder
 * @returns {Problem[]}
 */
export function brokenLinks(file, texts, paths) {
  /** @type {Problem[]} */
  const problems = [];
  withoutFences(texts.get(file) ?? '').forEach((text, index) => {
    for (const [, link = ''] of text.replaceAll(/`[^`]*`/g, '').matchAll(LINK)) {
      const advice = brokenLink(file, link, texts, paths);
      if (advice) problems.push({ file, line: index + 1, advice, text: link });
    }
  });
  return problems;
}

/**
 * @param {string} file
 * @param {string} link
 * @param {ReadonlyMap<string, string>} texts
 * @param {ReadonlySet<string>} paths
 */
function brokenLink(file, link, texts, paths) {
  const own = OWN.test(link);
  if (!own && /^[a-z]+:/.test(link)) return null;
  const [target = '', anchor] = link.replace(OWN, '').split('#');
  const from = own ? '.' : path.dirname(file);
  const to = target === '' ? file : path.normalize(path.join(from, target)).replace(/\/$/, '');
  if (!paths.has(to)) return `there is no ${to}`;
  const text = texts.get(to);
  if (anchor === undefined || text === undefined) return null;
  return headingsOf(text).has(anchor) ? null : `${to} has no heading #${anchor}`;
}

/**
 * The anchors that GitHub gives a file's headings.
 * @param {string} text
 */
function headingsOf(text) {
  const headings = withoutFences(text).filter((line) => /^#+ /.test(line));
  return new Set(headings.map(slug));
}

/** The anchor of a heading, with or without its marks. @param {string} heading */
export const slug = (heading) =>
  heading
    .replace(/^#+ /, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

/**
 * The lines, those of fenced code empty.
 * @param {string} text
 */
function withoutFences(text) {
  let fenced = false;
  return text.split('\n').map((line) => {
    if (/^\s*```/.test(line)) fenced = !fenced;
    return fenced ? '' : line;
  });
}
