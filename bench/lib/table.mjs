// @ts-check
import { significant } from './stats.mjs';

/** @typedef {import('./suites.mjs').Row} Row */

const HEAD = ['name', 'variant', 'ours', 'peer', 'ratio', 'unit'];
const NUMERIC = new Set(['ours', 'peer', 'ratio']);

/**
 * A Markdown table whose columns also line up in a terminal.
 * @param {readonly Row[]} rows
 */
export function formatTable(rows) {
  const cells = rows.map(({ name, variant, ours, peer, ratio, unit }) => {
    return [name, variant, significant(ours), significant(peer), ratio.toFixed(2), unit];
  });
  const widths = HEAD.map((title, column) => {
    return Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length));
  });
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, column) => pad(cell, column, widths)).join(' | ')} |`;
  const rule = widths.map((width, column) => {
    return NUMERIC.has(HEAD[column] ?? '') ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width);
  });
  return [line(HEAD), line(rule), ...cells.map(line)].join('\n');
}

/**
 * @param {string} cell
 * @param {number} column
 * @param {readonly number[]} widths
 */
function pad(cell, column, widths) {
  const width = widths[column] ?? 0;
  return NUMERIC.has(HEAD[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
}
