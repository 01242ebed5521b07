// @ts-check
import { allResults } from '../../bench/lib/report/results.mjs';

/**
 * A number of a row of bench/results.
 * @param {string} cpu  for example `Zen 4`
 * @param {string} name  of the benchmark
 * @param {string | RegExp} variant  its beginning, or a pattern
 * @param {'ours' | 'peer' | 'ratio' | 'paired'} column
 */
export function measured(cpu, name, variant, column) {
  const is = (/** @type {string} */ text) =>
    typeof variant === 'string' ? text.startsWith(variant) : variant.test(text);
  const [row, ...more] = rowsOf(cpu, name).filter((row) => is(row.variant));
  if (!row || more.length > 0)
    throw new Error(`bench/results, ${cpu}, ${name}: ${more.length + (row ? 1 : 0)} rows "${variant}"`);
  const value = row[column];
  if (value === undefined) throw new Error(`bench/results, ${cpu}, ${name}: ${row.variant} has no ${column}`);
  return value;
}

/**
 * Ratios of all rows of a benchmark; there is one at least.
 * @param {string} cpu
 * @param {string} name
 */
export const allRatios = (cpu, name) => rowsOf(cpu, name).map(({ ratio }) => ratio);

/**
 * Rows of a benchmark, at least one, except those that the peer refused.
 * @param {string} cpu
 * @param {string} name
 */
function rowsOf(cpu, name) {
  const results = allResults().find((candidate) => candidate.cpu === cpu);
  const rows = results?.rows.flatMap((row) => ('refused' in row || row.name !== name ? [] : [row])) ?? [];
  if (rows.length === 0) throw new Error(`bench/results has no ${name} of ${cpu}`);
  return rows;
}
