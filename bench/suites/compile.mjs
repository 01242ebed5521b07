// @ts-check
// Tracing and compiling a training step in a fresh process: the very first start, which autotunes kernels and
// places buffers, compared with the next one; and the arena compared with the largest sum of live buffers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '@inplace-abn/models';
import { networksOf } from '../lib/networks.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { median } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const CHILD = fileURLToPath(new URL('../lib/compile-child.mjs', import.meta.url));
const MEGABYTE = 1e6;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 3, batch = 16, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const { arch } of networksOf({ ...options, networks: options.networks ?? ARCHITECTURES })) {
    for (const precision of PRECISIONS) {
      const variant = `${arch}, ${precision}, batch ${batch}`;
      const starts = Array.from({ length: steps }, () => startTwice(arch, batch, precision));
      const [first, next] = [0, 1].map((i) => median(starts.map((pair) => pair[i]?.seconds ?? 0)));
      const { arena = 0, peak = 0 } = starts[0]?.[0] ?? {};
      say(`${variant}: ${first?.toFixed(2)} s, then ${next?.toFixed(2)} s`);
      rows.push(
        row(`${variant}, first start, next start`, first ?? 0, next ?? 0, 's'),
        row(`${variant}, arena, largest live sum`, arena / MEGABYTE, peak / MEGABYTE, 'MB'),
      );
    }
  }
  return rows;
}

/**
 * Starts with an empty cache.
 * @param {string} arch
 * @param {number} batch
 * @param {string} precision
 * @returns {{ seconds: number, arena: number, peak: number }[]}
 */
function startTwice(arch, batch, precision) {
  const folder = mkdtempSync(join(tmpdir(), 'compile-'));
  const remembered = {
    IABN_CPU_KERNELS: join(folder, 'kernels.txt'),
    IABN_PLAN_CACHE: join(folder, 'plans'),
  };
  const env = { ...process.env, ...remembered };
  try {
    return [0, 1].map(() =>
      JSON.parse(
        execFileSync(process.execPath, [CHILD, arch, String(batch), precision], { encoding: 'utf8', env }),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {Row}
 */
function row(variant, ours, peer, unit) {
  return ratioRow({ name: 'compile', variant, unit }, ours, peer);
}
