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
import { pairRow, ratioRow } from '../lib/pairs.mjs';
import { describe } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';
import { takePairs } from '../lib/turns.mjs';

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
      rows.push(...(await compare(variant, [arch, String(batch), precision], steps, say)));
    }
  }
  return rows;
}

/**
 * A first start has an empty cache; the next one finds the first one's.
 * @param {string} variant
 * @param {readonly string[]} args
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
async function compare(variant, args, rounds, say) {
  const cache = mkdtempSync(join(tmpdir(), 'compile-'));
  const files = { IABN_CPU_KERNELS: join(cache, 'kernels.txt'), IABN_PLAN_CACHE: join(cache, 'plans') };
  let [arena, peak] = [0, 0];
  const start = async () => {
    const env = { ...process.env, ...files };
    const printed = execFileSync(process.execPath, [CHILD, ...args], { encoding: 'utf8', env });
    const found = JSON.parse(printed);
    [arena, peak] = [found.arena / MEGABYTE, found.peak / MEGABYTE];
    return Number(found.seconds);
  };
  const first = () => {
    for (const file of Object.values(files)) rmSync(file, { recursive: true, force: true });
    return start();
  };
  try {
    const onRepeat = () => say('unsteady, again');
    const pairs = await takePairs(first, [start], { warmUp: 0, rounds, onRepeat });
    return pairs.flatMap((pair) => {
      say(`${variant}: first ${describe(pair.ours, 's')}, next ${describe(pair.theirs, 's')}`);
      const what = { name: 'compile', variant: `${variant}, arena, largest live sum`, unit: 'MB' };
      return [
        pairRow({ name: 'compile', variant: `${variant}, first start, next start`, unit: 's' }, pair),
        ratioRow(what, arena, peak),
      ];
    });
  } finally {
    rmSync(cache, { recursive: true });
  }
}
