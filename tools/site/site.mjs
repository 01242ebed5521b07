// @ts-check
// The static site: every Markdown file of the repository as a page, and the API reference.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildReference } from '../api/reference.mjs';
import { buildPlanner } from '../planner/build.mjs';
import { root, sourceFiles } from '../prose/sources.mjs';
import { createHighlighter } from './highlight.mjs';
import { renderMarkdown } from './markdown.mjs';
import { navigationOf } from './navigation.mjs';
import { addressOf, pageOf, relative } from './paths.mjs';
import { renderPage } from './template.mjs';

const STYLES = 'styles.css';
/** Fragments that changesets collects, and what `inplace-abn new` writes. */
const EXEMPT = /^\.changeset\/|\/template\//;

/**
 * Parts of the site with pages of their own, each built into its folder. The sidebar lists them last.
 * @type {readonly { folder: string, title: string, build: (out: string) => Promise<readonly string[]> }[]}
 *   build: returns its warnings
 */
export const PARTS = [
  { folder: 'api', title: 'API reference', build: (out) => buildReference({ out }) },
  { folder: 'planner', title: 'Will it fit?', build: (out) => buildPlanner({ out }) },
];

/** Markdown files that become pages. @returns {string[]} */
export function sources() {
  return sourceFiles().filter((file) => file.endsWith('.md') && !EXEMPT.test(file));
}

/**
 * Writes the pages of all Markdown files.
 * @param {string} out  folder
 * @returns {Promise<number>} how many
 */
export async function buildPages(out) {
  const files = sources();
  const images = new Set();
  const highlight = await createHighlighter();
  const site = {
    pages: new Set(files),
    folders: new Set(
      sourceFiles()
        .map((file) => path.posix.dirname(file))
        .flatMap(withParents),
    ),
    use: (/** @type {string} */ image) => void images.add(image),
  };
  const rendered = new Map(
    files.map((file) => {
      const linkTo = (/** @type {string} */ link) => addressOf(file, link, site);
      return [file, renderMarkdown(readFileSync(path.join(root, file), 'utf8'), { linkTo, highlight })];
    }),
  );
  const titles = new Map([...rendered].map(([file, { title }]) => [file, title]));
  for (const [file, content] of rendered) {
    write(path.join(out, pageOf(file)), renderPage({ ...content, ...frameOf(file, titles) }));
  }
  for (const image of images) {
    mkdirSync(path.dirname(path.join(out, image)), { recursive: true });
    copyFileSync(path.join(root, image), path.join(out, image));
  }
  copyFileSync(fileURLToPath(new URL(STYLES, import.meta.url)), path.join(out, STYLES));
  return files.length;
}

/**
 * @param {string} file
 * @param {ReadonlyMap<string, string>} titles
 */
function frameOf(file, titles) {
  const groups = navigationOf([...titles.keys()]).map(({ title, files }) => ({
    title,
    links: files.map((each) => ({
      title: titles.get(each) ?? each,
      href: relative(file, pageOf(each)),
      current: each === file,
    })),
  }));
  const parts = PARTS.map(({ folder, title }) => ({ title, href: relative(file, `${folder}/index.html`) }));
  return {
    home: relative(file, 'index.html'),
    styles: relative(file, STYLES),
    navigation: [...groups, { title: 'Reference', links: parts }],
    source: `https://github.com/inplace-abn/inplace-abn/blob/main/${file}`,
  };
}

/** @param {string} folder @returns {string[]} */
function withParents(folder) {
  const parts = folder.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
