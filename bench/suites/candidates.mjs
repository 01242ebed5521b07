// @ts-check
// The worth of each family of convolution kernels. Every candidate of every distinct convolution of a
// training step is timed by itself; a family is worth the time by which the step would be longer without it.
// `ours` is the step, `peer` the step without the family. For AVX2 alone: ONEDNN_MAX_CPU_ISA=AVX2
// IABN_VECTOR_LANES=8.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { regretOf, worthOf } from '../lib/candidates.mjs';
import { networksOf } from '../lib/networks.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { describe, spread } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {{ times: number[], signatures: import('../lib/candidates.mjs').Signature[] }} Times */

const CHILD = fileURLToPath(new URL('../lib/candidates-child.mjs', import.meta.url));

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 9, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf(options)) {
    for (const precision of PRECISIONS) {
      const { times: measured, signatures } = timed(arch, batch, precision, steps);
      const step = Math.min(...measured);
      const variant = `${arch}, ${precision}, batch ${batch}`;
      say(`${variant}: ${describe(measured, 's')}, ${signatures.length} distinct convolutions`);
      for (const { name, count, chosen, seconds } of signatures) {
        const times = Object.entries(seconds).sort(([, a], [, b]) => a - b);
        const list = times.map(([candidate, time]) => `${candidate} ${(time * 1e3).toFixed(2)}`);
        say(`  ${count} × ${name}, chosen ${chosen}: ${list.join(', ')} ms`);
      }
      say(`  choices of autotuning cost ${percent(regretOf(signatures), step)}`);
      for (const { family, among, fastest, needed, loss } of worthOf(signatures)) {
        if (among === 0) continue;
        const alone = needed > 0 ? `, and no other can compute ${needed}` : '';
        say(`  ${family}: fastest of ${fastest} in ${among}, worth ${percent(loss, step)}${alone}`);
        const what = { name: 'candidates', variant: `${variant}, without ${family}`, unit: 's' };
        rows.push({ ...ratioRow(what, step, step + loss), spread: spread(measured) });
      }
    }
  }
  return rows;
}

/**
 * Runs in a new process, with an empty cache of choices.
 * @param {string} arch
 * @param {number} batch
 * @param {string} precision
 * @param {number} rounds
 * @returns {Times}
 */
function timed(arch, batch, precision, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'candidates-'));
  const env = { ...process.env, IABN_CPU_KERNELS: join(folder, 'kernels.txt') };
  const args = [CHILD, arch, String(batch), precision, String(rounds)];
  try {
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', env, maxBuffer: 1 << 26 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {number} seconds
 * @param {number} step
 */
const percent = (seconds, step) => `${((100 * seconds) / step).toFixed(2)} % of the step`;
