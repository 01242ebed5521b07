// @ts-check
import { escapeHtml } from './highlight.mjs';

/**
 * @typedef {object} Link
 * @property {string} title
 * @property {string} href  relative to the page
 * @property {boolean} [current]
 *
 * @typedef {object} Page
 * @property {string} title
 * @property {string} html
 * @property {string} home  address of the site's first page, relative to this one
 * @property {string} styles  address of the style sheet
 * @property {readonly { title: string, links: readonly Link[] }[]} navigation
 * @property {readonly { id: string, text: string }[]} headings
 * @property {string} source  the Markdown file on GitHub
 */

/** A whole page. @param {Page} page */
export function renderPage({ title, html, home, styles, navigation, headings, source }) {
  const name = title === 'inplace-abn' ? title : `${title} · inplace-abn`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title>
<link rel="stylesheet" href="${styles}">
</head>
<body>
<nav class="site">
<a class="home" href="${home}">inplace-abn</a>
${navigation.map(group).join('\n')}
</nav>
<main>
${html}
<footer><a href="${source}">The source of this page</a></footer>
</main>
<nav class="page">
${headings.length > 1 ? list(headings.map(({ id, text }) => ({ href: `#${id}`, title: text }))) : ''}
</nav>
</body>
</html>
`;
}

/** @param {{ title: string, links: readonly Link[] }} group */
function group({ title, links }) {
  return `<details open><summary>${escapeHtml(title)}</summary>\n${list(links)}\n</details>`;
}

/** @param {readonly Link[]} links */
function list(links) {
  const items = links.map(
    ({ href, title, current }) =>
      `<li><a href="${href}"${current ? ' aria-current="page"' : ''}>${escapeHtml(title)}</a></li>`,
  );
  return `<ul>\n${items.join('\n')}\n</ul>`;
}
