// @ts-check
import { OPENINGS, PHRASES } from './rules.mjs';

/** @typedef {{ file: string, line: number, advice: string, text: string }} Problem */

/** A comment's or docstring's markers at the start of a line, or a Markdown line's list or heading marker. */
const COMMENT = /^\s*(?:\/\*\*?|\*\/?|\/\/+|#+|""")\s?/;
const MARKDOWN = /^\s*(?:[-*>]|\d+\.|#+)?\s*/;
/** Comments of TypeScript and JavaScript wrap here; clang-format wraps those of C++. */
const WIDTH = 110;
const WRAPS = /\.(?:ts|mjs)$/;
/** Lines that cannot wrap: types, commands and tables (two spaces between words), URLs, directives. */
const UNWRAPPED = /@type|\S {2,}\S|^\s*\*\s+\{|https?:\/\/|biome-ignore|@ts-/;
/** A comment for a tool, after which a new sentence starts. */
const DIRECTIVE = /^\s*\/\/ (?:@ts-|biome-ignore)/;
/** A trailing comment, with two spaces or a delimiter before it, unlike `//` in a URL. */
const TRAILING = /[\s;{,]\/\/\s+(.*)$/;

/**
 * Problems of one file.
 * @param {string} file  path, whose ending tells the language
 * @param {string} source
 * @returns {Problem[]}
 */
export function problemsIn(file, source) {
  const markdown = file.endsWith('.md');
  /** @type {Problem[]} */
  const problems = [];
  let fenced = false;
  let before = '';
  source.split('\n').forEach((raw, index) => {
    if (markdown && /^\s*```/.test(raw)) fenced = !fenced;
    const prose = fenced ? null : proseOf(raw, markdown);
    const report = (/** @type {string} */ advice) =>
      problems.push({ file, line: index + 1, advice, text: raw.trim() });
    for (const { pattern, advice } of PHRASES)
      if (pattern.test(prose === null && !fenced ? raw : withoutCode(raw))) report(advice);
    // A heading may ask a question without its mark.
    if (prose !== null && !(markdown && raw.startsWith('#'))) {
      for (const sentence of openingsOf(prose, before))
        for (const { pattern, advice } of OPENINGS) if (pattern.test(sentence)) report(advice);
    }
    if (WRAPS.test(file) && raw.length > WIDTH && COMMENT.test(raw) && !UNWRAPPED.test(raw))
      report(`wrap comments at ${WIDTH} columns`);
    before = prose ?? '';
  });
  return problems;
}

/**
 * The prose of a line, or null where it is code.
 * @param {string} raw
 * @param {boolean} markdown
 */
function proseOf(raw, markdown) {
  if (DIRECTIVE.test(raw)) return '';
  if (markdown) return withoutCode(raw.replace(MARKDOWN, ''));
  if (COMMENT.test(raw)) return withoutCode(raw.replace(COMMENT, ''));
  const [, trailing] = TRAILING.exec(raw) ?? [];
  return trailing === undefined ? null : withoutCode(trailing);
}

/**
 * The sentences that begin in a line.
 * @param {string} prose
 * @param {string} before  the prose of the line above; a sentence may run on from it
 */
function openingsOf(prose, before) {
  const begins = before.trim() === '' || /[.:!?|]\s*(?:\*\/)?\s*$/.test(before);
  const sentences = prose.split(/(?<=[.!?|])\s+(?=[A-Z])/);
  return begins ? sentences : sentences.slice(1);
}

/** @param {string} text */
const withoutCode = (text) => text.replaceAll(/`[^`]*`/g, '`x`');
