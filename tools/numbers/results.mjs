// @ts-check
import { readFileSync } from 'node:fs';

const RESULTS = new URL('../../bench/RESULTS.md', import.meta.url);

/**
 * A number of a row of bench/RESULTS.md.
 * @param {string} machine  heading of the second level
 * @param {string} section  heading of the third level
 * @param {string | RegExp} row  of one of its cells: the beginning, or a pattern
 * @param {string | number} column  the beginning of its heading, or its place from 0
 */
export function measured(machine, section, row, column) {
  const lines = sectionOf(readFileSync(RESULTS, 'utf8'), machine, section);
  const [head = [], ...rows] = lines.filter((line) => line.startsWith('|')).map(cellsOf);
  const at = typeof column === 'number' ? column : head.findIndex((cell) => cell.startsWith(column));
  const is = (/** @type {string} */ cell) =>
    typeof row === 'string' ? cell.startsWith(row) : row.test(cell);
  const found = rows.filter((cells) => cells.some(is));
  const number = Number.parseFloat(found[0]?.[at] ?? '');
  if (found.length !== 1 || Number.isNaN(number)) {
    throw new Error(
      `bench/RESULTS.md, ${machine}, ${section}: ${found.length} rows "${row}" with "${column}"`,
    );
  }
  return number;
}

/**
 * @param {string} text
 * @param {string} machine
 * @param {string} section
 */
function sectionOf(text, machine, section) {
  const ofMachine = text.split(/^## /m).find((part) => part.startsWith(`${machine}\n`)) ?? '';
  const lines = ofMachine.split(/^### /m).find((part) => part.startsWith(`${section}\n`));
  if (lines === undefined) throw new Error(`bench/RESULTS.md has no ${section} of ${machine}`);
  return lines.split('\n');
}

/** @param {string} line */
const cellsOf = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
