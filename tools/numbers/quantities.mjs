// @ts-check

const UNITS = [
  ...[
    'KiB',
    'MiB',
    'GiB',
    'kB',
    'MB',
    'GB',
    'TB',
    '%',
    's',
    'ms',
    'µs',
    'seconds?',
    'min',
    'minutes?',
    'hours?',
  ],
  ...['GFLOP/s', 'GB/s', 'Mbit/s', 'images/s', 'points?', 'times', 'lines'],
];
const QUANTITY = new RegExp(`(?<![\\w.])(\\d[\\d,]*(?:\\.\\d+)?) ?(?:${UNITS.join('|')})(?![\\w])`, 'g');
/** A table cell that contains only a number. */
const CELL = /(?<=\|\s*)(\d+(?:\.\d+)?)(?=\s*\|)/g;

/**
 * Numbers with a unit, and numbers that fill a cell of a table, outside of code.
 * @param {string} text  Markdown
 * @returns {{ line: number, index: number, text: string }[]} index: of the number, in the text
 */
export function quantitiesIn(text) {
  const prose = withoutCode(text);
  const found = [...prose.matchAll(QUANTITY), ...prose.matchAll(CELL)];
  const at = new Map(found.map((match) => [match.index, match[0]]));
  return [...at]
    .sort(([a], [b]) => a - b)
    .map(([index, quantity]) => ({ line: text.slice(0, index).split('\n').length, index, text: quantity }));
}

/** The text with its code replaced by as many blanks. @param {string} text */
export function withoutCode(text) {
  const blank = (/** @type {string} */ code) => code.replaceAll(/[^\n]/g, ' ');
  return text.replaceAll(/^```[\s\S]*?^```$/gm, blank).replaceAll(/`(?:[^`\n]|\n(?!\n))*`/g, blank);
}
