// @ts-check
import MarkdownIt from 'markdown-it';
import { slug } from '../prose/links.mjs';

/** @typedef {(code: string, language: string) => string} Highlight */

/**
 * A page's title, its headings of the second level, and its HTML. Headings have the anchors that GitHub gives
 * them.
 * @param {string} text
 * @param {{ linkTo: (link: string) => string, highlight: Highlight }} options  linkTo: the address of a link or an image in the site
 * @returns {{ title: string, headings: { id: string, text: string }[], html: string }}
 */
export function renderMarkdown(text, { linkTo, highlight }) {
  const markdown = new MarkdownIt({ html: true, highlight });
  const tokens = markdown.parse(text, {});
  /** @type {{ id: string, text: string }[]} */
  const headings = [];
  const taken = new Map();
  let title = '';
  for (const [at, token] of tokens.entries()) {
    for (const child of token.children ?? []) relink(child, linkTo);
    if (token.type !== 'heading_open') continue;
    const inline = tokens[at + 1];
    const content = (inline?.children ?? []).map((child) => child.content).join('');
    const id = unused(slug(content), taken);
    token.attrSet('id', id);
    if (token.tag === 'h1' && title === '') title = content;
    if (token.tag === 'h2') headings.push({ id, text: content });
  }
  return { title, headings, html: wideTables(markdown.renderer.render(tokens, markdown.options, {})) };
}

/**
 * @param {{ attrGet(name: string): string | null, attrSet(name: string, value: string): void }} token
 * @param {(link: string) => string} linkTo
 */
function relink(token, linkTo) {
  for (const name of ['href', 'src']) {
    const link = token.attrGet(name);
    if (link !== null) token.attrSet(name, linkTo(link));
  }
}

/**
 * @param {string} id
 * @param {Map<string, number>} taken
 */
function unused(id, taken) {
  const times = taken.get(id) ?? 0;
  taken.set(id, times + 1);
  return times === 0 ? id : `${id}-${times}`;
}

/** Lets a wide table scroll on a narrow screen. @param {string} html */
function wideTables(html) {
  return html.replaceAll('<table>', '<div class="table"><table>').replaceAll('</table>', '</table></div>');
}
