// @ts-check
// Merges rows into the results of this CPU as they come, so that a report can be made in parts and keeps its
// rows if it is interrupted.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cpuTypeOf } from './cpu-type.mjs';
import { writePages } from './pages.mjs';
import { merge, readResults, writeResults } from './results.mjs';

/** @typedef {import('../suites.mjs').Row} Row */
/** @typedef {import('../suites.mjs').Refusal} Refusal */

const CPUINFO = '/proc/cpuinfo';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Files that a report writes; their changes do not mark the commit. */
const WRITTEN = ['bench/results', 'bench/RESULTS.md', 'README.md'];

export class Report {
  /**
   * @param {object} run
   * @param {readonly string[]} run.args  of the command
   * @param {{ text: string, busy: string | null }} run.machine
   * @param {string} run.limits
   * @param {string} [run.note]
   */
  constructor({ args, machine, limits, note }) {
    const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
    this.cpu = cpuTypeOf(existsSync(CPUINFO) ? readFileSync(CPUINFO, 'utf8') : '', model);
    this.about = `${model}.`;
    this.run = {
      command: commandOf(args),
      date: new Date().toISOString().slice(0, 16).replace('T', ' '),
      commit: commitOf(ROOT),
      machine: machine.text,
      limits,
      ...(note || machine.busy ? { note: [note, machine.busy].filter(Boolean).join('; ') } : {}),
    };
  }

  /** Rows that are recorded, without refusals. @returns {readonly Row[]} */
  get rows() {
    const { rows } = readResults(this.cpu, this.about);
    return rows.flatMap((row) => ('refused' in row ? [] : [row]));
  }

  /**
   * @param {readonly (Row | Refusal)[]} rows
   * @param {{ whole?: string }} [options]  name of the benchmark that these are all rows of
   */
  add(rows, options) {
    writeResults(merge(readResults(this.cpu, this.about), this.run, rows, options));
    writePages();
  }
}

/** The command, without the note that stands next to it. @param {readonly string[]} args */
export function commandOf(args) {
  const at = args.indexOf('--note');
  const words = at < 0 ? args : args.filter((_, index) => index !== at && index !== at + 1);
  return `npm run bench -- ${words.filter((word) => word !== '--' && !word.startsWith('--note=')).join(' ')}`;
}

/** @param {string} root */
function commitOf(root) {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('rev-parse', '--short=8', 'HEAD');
    const changed = git('status', '--porcelain', '--', '.', ...WRITTEN.map((path) => `:!${path}`));
    return changed ? `${commit}+` : commit;
  } catch {
    return 'unknown';
  }
}
