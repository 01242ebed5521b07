// @ts-check
import { alignColumns } from '@inplace-abn/cli';
import { significant } from './stats.mjs';

/** @typedef {import('./suites.mjs').Row} Row */

const HEAD = ['name', 'variant', 'ours', 'peer', 'ratio', 'unit'];
/** Shown if some result is known as a fraction of the machine's limit. */
const SHARE = 'of the limit';
const NUMERIC = new Set(['ours', 'peer', 'ratio', SHARE]);

/**
 * Formats a Markdown table whose columns also line up in a terminal.
 * @param {readonly Row[]} rows
 */
export function formatTable(rows) {
  const head = rows.some(({ share }) => share !== undefined) ? [...HEAD, SHARE] : HEAD;
  const cells = rows.map(({ name, variant, ours, peer, ratio, unit, share }) => {
    const reached = share === undefined ? '' : `${(100 * share).toFixed(0)} %`;
    const all = [name, variant, significant(ours), significant(peer), ratio.toFixed(2), unit, reached];
    return all.slice(0, head.length);
  });
  const [header = [], ...body] = alignColumns([head, ...cells], (column) => NUMERIC.has(head[column] ?? ''));
  const rule = header.map(({ length }, column) => {
    return NUMERIC.has(head[column] ?? '') ? `${'-'.repeat(length - 1)}:` : '-'.repeat(length);
  });
  return [header, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
