// @ts-check
import { alignColumns } from '@inplace-abn/cli';
import { significant } from './stats.mjs';
import { STEADY } from './turns.mjs';

/** @typedef {import('./suites.mjs').Row} Row */
/** @typedef {import('./suites.mjs').Refusal} Refusal */
/** @typedef {{ head: string, numeric?: boolean, optional?: boolean, cell: (row: Row) => string }} Column */

const MEGABYTE = 1e6;

/** Optional columns are shown where some row has a value. @type {readonly Column[]} */
const COLUMNS = [
  { head: 'ours', numeric: true, cell: ({ ours, unit }) => quantity(ours, unit) },
  { head: 'peer', numeric: true, cell: ({ peer, unit }) => quantity(peer, unit) },
  { head: 'ratio', numeric: true, cell: ratioOf },
  { head: 'paired', numeric: true, optional: true, cell: ({ paired }) => paired?.toFixed(2) ?? '' },
  { head: 'unit', cell: ({ unit }) => unit },
  { head: 'spread', numeric: true, optional: true, cell: spreadOf },
  { head: 'of the limit', numeric: true, optional: true, cell: ({ share }) => percent(share) },
  { head: 'memory, ours and peer', numeric: true, optional: true, cell: memoryOf },
];

/**
 * Formats a Markdown table whose columns also line up in a terminal. A refusal has its reason where a row has
 * its ratio.
 * @param {readonly (Row | Refusal)[]} rows
 * @param {object} [options]
 * @param {boolean} [options.named]  with a column for the benchmark
 * @param {(row: Row | Refusal) => string} [options.run]  a last column: the run that a row is of
 */
export function formatTable(rows, { named = true, run } = {}) {
  const measured = rows.flatMap((row) => ('refused' in row ? [] : [row]));
  const shown = COLUMNS.filter(({ optional, cell }) => !optional || measured.some((row) => cell(row) !== ''));
  const [first, last] = [named ? ['name', 'variant'] : ['variant'], run ? ['run'] : []];
  const head = [...first, ...shown.map(({ head }) => head), ...last];
  const cells = rows.map((row) => [
    ...(named ? [row.name, row.variant] : [row.variant]),
    ...('refused' in row ? refusalCells(row, shown) : shown.map(({ cell }) => cell(row))),
    ...(run ? [run(row)] : []),
  ]);
  const numeric = new Set(shown.filter(({ numeric }) => numeric).map(({ head }) => head));
  return markdown([head, ...cells], (column) => numeric.has(head[column] ?? ''));
}

/**
 * A Markdown table from its cells, the head first.
 * @param {readonly (readonly string[])[]} cells
 * @param {(column: number) => boolean} isNumeric
 */
export function markdown(cells, isNumeric) {
  const [header = [], ...body] = alignColumns(cells, isNumeric);
  const rule = header.map(({ length }, column) =>
    isNumeric(column) ? `${'-'.repeat(length - 1)}:` : '-'.repeat(length),
  );
  return [header, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/**
 * @param {Refusal} row
 * @param {readonly Column[]} shown
 */
function refusalCells({ refused }, shown) {
  const reason = `refused: ${refused.replaceAll('|', '\\|')}`;
  return shown.map(({ head }) => (head === 'unit' ? reason : ''));
}

/** Accuracies differ by tenths of a point, which three digits and a ratio would hide. */
const ACCURACY = '% top-1';

/**
 * @param {number} value
 * @param {string} unit
 */
const quantity = (value, unit) => (unit === ACCURACY ? value.toFixed(2) : significant(value));

/** The ratio, or of accuracies the difference in points. @param {Row} row */
function ratioOf({ ours, peer, ratio, unit }) {
  if (unit !== ACCURACY) return ratio.toFixed(2);
  const difference = Number(ours.toFixed(2)) - Number(peer.toFixed(2));
  return `${difference < 0 ? '' : '+'}${difference.toFixed(2)} points`;
}

/** @param {number | undefined} share */
const percent = (share) => (share === undefined ? '' : `${(100 * share).toFixed(0)} %`);

/** @param {Row} row */
function spreadOf({ spread }) {
  if (spread === undefined) return '';
  return `± ${percent(spread)}${isUnsteady({ spread }) ? ', unsteady' : ''}`;
}

/** Whether a row must be marked. @param {Pick<Row, 'spread'>} row */
export const isUnsteady = ({ spread = 0 }) => spread > STEADY;

/** @param {Row} row */
function memoryOf({ memory }) {
  if (memory === undefined) return '';
  const [ours, peer] = [memory.ours / MEGABYTE, memory.peer / MEGABYTE];
  return `${ours.toFixed(0)}, ${peer.toFixed(0)} MB (${(ours / peer).toFixed(2)})`;
}
