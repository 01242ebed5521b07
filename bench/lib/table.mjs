// @ts-check
import { significant } from './stats.mjs';

/** @typedef {import('./suites.mjs').Row} Row */

const HEAD = ['name', 'variant', 'ours', 'peer', 'ratio', 'unit'];
/** Where some result is known as a share of the machine's limit. */
const SHARE = 'of the limit';
const NUMERIC = new Set(['ours', 'peer', 'ratio', SHARE]);

/**
 * A Markdown table whose columns also line up in a terminal.
 * @param {readonly Row[]} rows
 */
export function formatTable(rows) {
  const head = rows.some(({ share }) => share !== undefined) ? [...HEAD, SHARE] : HEAD;
  const cells = rows.map(({ name, variant, ours, peer, ratio, unit, share }) => {
    const reached = share === undefined ? '' : `${(100 * share).toFixed(0)} %`;
    const all = [name, variant, significant(ours), significant(peer), ratio.toFixed(2), unit, reached];
    return all.slice(0, head.length);
  });
  const widths = head.map((title, column) => {
    return Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length));
  });
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, column) => pad(cell, head[column] ?? '', widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width, column) => {
    return NUMERIC.has(head[column] ?? '') ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
  });
  return [line(head), line(rule), ...cells.map(line)].join('\n');
}

/**
 * @param {string} cell
 * @param {string} title  of its column
 * @param {number} width
 */
function pad(cell, title, width) {
  return NUMERIC.has(title) ? cell.padStart(width) : cell.padEnd(width);
}
