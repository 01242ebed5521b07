// @ts-check
import path from 'node:path';

const REPOSITORY = 'https://github.com/inplace-abn/inplace-abn';
/** Links of package READMEs are absolute, because npm's pages show them. */
const OWN = new RegExp(`^${REPOSITORY}/(?:blob|tree)/main/`);
const IMAGE = /\.(?:svg|png|webp)$/;

/**
 * The page of a Markdown file: `docs/memory.md` is docs/memory.html, a README its folder's index. @param
 * {string} file
 */
export const pageOf = (file) =>
  file.replace(/(?:^|(?<=\/))README\.md$/, 'index.md').replace(/\.md$/, '.html');

/**
 * The address in the site of a link in a Markdown file: a page, an image, or the source on GitHub.
 * @param {string} file
 * @param {string} link
 * @param {{ pages: ReadonlySet<string>, folders: ReadonlySet<string>, use: (image: string) => void }} site
 *   pages: Markdown files that become pages; use: called with each image
 */
export function addressOf(file, link, { pages, folders, use }) {
  const own = OWN.test(link);
  if (!own && /^(?:[a-z]+:|#)/.test(link)) return link;
  const [target = '', anchor] = link.replace(OWN, '').split('#');
  const to = path.posix
    .normalize(path.posix.join(own ? '.' : path.posix.dirname(file), target))
    .replace(/\/$/, '');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const readme = path.posix.join(to, 'README.md');
  if (pages.has(to)) return relative(file, pageOf(to)) + hash;
  if (pages.has(readme)) return relative(file, pageOf(readme)) + hash;
  if (IMAGE.test(to)) {
    use(to);
    return relative(file, to);
  }
  return `${REPOSITORY}/${folders.has(to) ? 'tree' : 'blob'}/main/${to}${hash}`;
}

/**
 * From the page of a Markdown file to an address in the site.
 * @param {string} file
 * @param {string} to
 */
export function relative(file, to) {
  return path.posix.relative(path.posix.dirname(pageOf(file)), to) || path.posix.basename(to);
}
