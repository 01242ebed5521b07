// @ts-check
// bench/results/CPU.json: the results of one type of CPU, from as many runs as it takes. Each row names its
// run, which has a command, a date and a commit.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileNamed } from './cpu-type.mjs';

/** @typedef {import('../suites.mjs').Row} Row */
/** @typedef {import('../suites.mjs').Refusal} Refusal */
/**
 * @typedef {object} Run
 * @property {number} id
 * @property {string} command
 * @property {string} date  YYYY-MM-DD hh:mm, in UTC
 * @property {string} commit  of the sources; `+`: with changes
 * @property {string} [machine]  cores, threads, system and versions
 * @property {string} [limits]  of the machine, measured in the run
 * @property {string} [note]  for example that the machine was busy
 *
 * @typedef {(Row | Refusal) & { run: number }} Result
 * @typedef {{ cpu: string, about: string, runs: readonly Run[], rows: readonly Result[] }} Results
 */

export const FOLDER = fileURLToPath(new URL('../../results/', import.meta.url));

/**
 * The results of a CPU, empty ones if there are none yet.
 * @param {string} cpu
 * @param {string} about  one sentence, for a new file
 * @param {string} [folder]
 * @returns {Results}
 */
export function readResults(cpu, about, folder = FOLDER) {
  return allResults(folder).find((results) => results.cpu === cpu) ?? { cpu, about, runs: [], rows: [] };
}

/**
 * The results of every CPU, that of the newest run first.
 * @param {string} [folder]
 * @returns {Results[]}
 */
export function allResults(folder = FOLDER) {
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const newest = (/** @type {Results} */ { runs }) =>
    runs
      .map(({ date }) => date)
      .sort()
      .at(-1) ?? '';
  return files
    .sort()
    .map((name) => parseResults(readFileSync(join(folder, name), 'utf8'), name))
    .sort((a, b) => newest(b).localeCompare(newest(a)));
}

/**
 * @param {string} text
 * @param {string} name  of the file, for the error
 * @returns {Results}
 */
function parseResults(text, name) {
  const results = JSON.parse(text);
  const ids = new Set(results.runs?.map((/** @type {Run} */ run) => run.id));
  const lost = results.rows?.find((/** @type {Result} */ { run }) => !ids.has(run));
  if (!results.cpu || !results.rows || lost) {
    throw new Error(`${name}: expected cpu, about, runs, and rows that each name one of the runs`);
  }
  return results;
}

/**
 * Results with the rows of a run merged in. A row replaces the one with the same name and variant; a run of
 * the `whole` benchmark drops that benchmark's other rows. Runs without rows are dropped.
 * @param {Results} results
 * @param {Omit<Run, 'id'>} run
 * @param {readonly (Row | Refusal)[]} rows
 * @param {{ whole?: string }} [options]  name of the benchmark
 * @returns {Results}
 */
export function merge(results, run, rows, { whole } = {}) {
  const same = results.runs.find(
    (known) => JSON.stringify({ ...known, id: 0 }) === JSON.stringify({ ...run, id: 0 }),
  );
  const id = same?.id ?? 1 + Math.max(0, ...results.runs.map((known) => known.id));
  const keyOf = (/** @type {Row | Refusal} */ row) => `${row.name}: ${row.variant}`;
  const added = new Map(rows.map((row) => [keyOf(row), { ...row, run: id }]));
  /** @type {Result[]} */
  const merged = [];
  for (const row of results.rows) {
    const replacement = added.get(keyOf(row));
    if (replacement) merged.push(replacement);
    else if (row.name !== whole) merged.push(row);
    added.delete(keyOf(row));
  }
  for (const row of added.values()) {
    const last = merged.findLastIndex(({ name }) => name === row.name);
    merged.splice(last < 0 ? merged.length : last + 1, 0, row);
  }
  const used = new Set(merged.map((row) => row.run));
  const runs = [...results.runs.filter((known) => known.id !== id), { ...run, id }];
  return { ...results, runs: runs.filter((known) => used.has(known.id)), rows: merged };
}

/**
 * Writes a CPU's file atomically, with one row per line.
 * @param {Results} results
 * @param {string} [folder]
 */
export function writeResults({ cpu, about, runs, rows }, folder = FOLDER) {
  mkdirSync(folder, { recursive: true });
  const lines = (/** @type {readonly object[]} */ list) =>
    list.length === 0 ? '[]' : `[\n${list.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const head = `  "cpu": ${JSON.stringify(cpu)},\n  "about": ${JSON.stringify(about)},\n`;
  const text = `{\n${head}  "runs": ${lines(runs)},\n  "rows": ${lines(rows)}\n}\n`;
  const file = join(folder, `${fileNamed(cpu)}.json`);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
