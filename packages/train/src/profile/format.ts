/** Formats a profile as text and as a section of the report. */
import { alignColumns } from '@inplace-abn/cli';
import { escapeText } from '../page/markup.js';
import type { ProfileReport, ProfileRow } from './step-profile.js';

const LAYERS_SHOWN = 20;

/** Heads of the columns: `predicted` if there is a price list. */
function headOf(title: string, { predicted }: ProfileReport): string[] {
  const priced = predicted === undefined ? [] : ['predicted'];
  return [title, 'calls', 'ms', ...priced, 'share', 'GFLOP/s', 'GB/s', 'of the limit'];
}

/** Cells of a row, as in {@link headOf}. */
function cells(
  { name, calls, seconds, predicted, flops, bytes, bound }: ProfileRow,
  whole: number,
): string[] {
  const rate = (amount: number) => (seconds > 0 ? (amount / seconds / 1e9).toFixed(1) : '–');
  return [
    name,
    String(calls),
    (seconds * 1e3).toFixed(2),
    ...(predicted === undefined ? [] : [(predicted * 1e3).toFixed(2)]),
    percent(seconds / whole),
    rate(flops),
    rate(bytes),
    seconds > 0 ? percent(bound / seconds) : '–',
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

function limitsOf({ limits }: ProfileReport): string {
  const products = Object.entries(limits.products).map(
    ([dtype, rate]) => `${(rate / 1e9).toFixed(0)} GFLOP/s in ${dtype}`,
  );
  return [
    `copy ${(limits.bandwidth / 1e9).toFixed(1)} GB/s`,
    ...products.map((text) => `product ${text}`),
  ].join(', ');
}

function summaryOf(report: ProfileReport): string {
  const bound = report.ops.reduce((sum, row) => sum + row.bound, 0);
  const { predicted } = report;
  const priced = predicted === undefined ? '' : ` (${(predicted * 1e3).toFixed(1)} ms predicted)`;
  return `${(report.seconds * 1e3).toFixed(1)} ms a step${priced} over ${report.steps} steps on ${report.device}; its limits (${limitsOf(report)}) allow ${(bound * 1e3).toFixed(1)} ms`;
}

/** Tables by op and by layer, for a terminal or a log. */
export function formatProfile(report: ProfileReport): string {
  const shown = report.layers.slice(0, LAYERS_SHOWN);
  return [
    summaryOf(report),
    table('op', report.ops, report),
    table(`layer (the ${shown.length} longest of ${report.layers.length})`, shown, report),
  ].join('\n\n');
}

function table(title: string, rows: readonly ProfileRow[], report: ProfileReport): string {
  const lines = [headOf(title, report), ...rows.map((row) => cells(row, report.seconds))];
  return alignColumns(lines, (column) => column > 0)
    .map((line) => line.join('  '))
    .join('\n');
}

/** The same tables for report.html. */
export function profileSection(report: ProfileReport): string {
  return `<h2>Profile</h2>
<p>${escapeText(summaryOf(report))}.</p>
${htmlTable('op', report.ops, report)}
<h2>Profile by layer</h2>
${htmlTable('layer', report.layers.slice(0, 5 * LAYERS_SHOWN), report)}`;
}

function htmlTable(title: string, rows: readonly ProfileRow[], report: ProfileReport): string {
  const head = headOf(title, report)
    .map((name, i) => `<th${i > 0 ? ' class="n"' : ''}>${name}</th>`)
    .join('');
  const body = rows.map((row) => {
    const columns = cells(row, report.seconds).map(
      (cell, i) => `<td${i > 0 ? ' class="n"' : ''}>${escapeText(cell)}</td>`,
    );
    return `<tr>${columns.join('')}</tr>`;
  });
  return `<table>\n<tr>${head}</tr>\n${body.join('\n')}\n</table>`;
}
