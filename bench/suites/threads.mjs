// @ts-check
// The training step on one, two and four threads, the longest kinds of kernels on two, and the step projected
// to larger machines from the serial share of each kind. `peer` is the time on one thread, divided by the
// cores in use.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { networksOf } from '../lib/networks.mjs';
import { pairRow, ratioRow } from '../lib/pairs.mjs';
import { countsOf, describe } from '../lib/stats.mjs';
import { kindsOf, projected } from '../lib/thread-scaling.mjs';
import { PRECISIONS } from '../lib/training.mjs';
import { workItems } from '../lib/work-items.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {{ kind: string, path: string, implementation: string, spec: KernelSpec | null, seconds: number, bytes: number }} Instruction */
/** @typedef {{ times: number[], bandwidth: number, near: number, names: Record<string, string>, instructions: Instruction[] }} Times */

const CHILD = fileURLToPath(new URL('../lib/threads-child.mjs', import.meta.url));
const THREADS = [1, 2, 4];
const PROJECTED = [4, 8, 16, 32, 64];
/** Eight channels of DDR5-4800, by the data sheet. */
const SOCKET = 307e9;
/** Number of kinds with a row: those that take longest. */
const LONGEST = 12;
const MANY = 64;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { steps = 4, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf(options)) {
    for (const precision of PRECISIONS) {
      const variant = `${arch}, ${precision}, batch ${batch}`;
      const two = timed(arch, batch, precision, steps, 2, {});
      // The same kernels on any number of threads; autotuning would choose others.
      const all = THREADS.map((n) => (n === 2 ? two : timed(arch, batch, precision, steps, n, two.names)));
      const one = all[0] ?? two;
      for (const [index, { times }] of all.entries()) {
        const n = THREADS[index] ?? 1;
        const theirs = one.times.map((seconds) => seconds / Math.min(n, availableParallelism()));
        say(`${variant}, ${n} threads: ${describe(times, 's')}`);
        // Each number of threads runs in its own process, so rounds are not pairs.
        const { paired, ...row } = pairRow(whatOf(`${variant}, ${n} threads`), { ours: times, theirs });
        rows.push(row);
      }
      rows.push(...scalingOf(variant, one, two, say));
    }
  }
  return rows;
}

/** @param {string} variant */
const whatOf = (variant) => ({ name: 'threads', variant, unit: 's' });

/**
 * @param {string} variant
 * @param {Times} one
 * @param {Times} two
 * @param {(line: string) => void} say
 * @returns {Row[]}
 */
function scalingOf(variant, one, two, say) {
  const instructionsOn = (/** @type {number} */ threads) =>
    two.instructions.map(({ kind, seconds, bytes, spec, implementation }, index) => ({
      kind,
      one: one.instructions[index]?.seconds ?? 0,
      two: seconds,
      bytes,
      items: spec && workItems(spec, implementation, threads),
    }));
  const here = { one: one.bandwidth, two: two.bandwidth, most: two.bandwidth };
  const kinds = kindsOf(instructionsOn(2), here);
  say(`  a copy moves ${giga(here.one)} GB/s on one thread, ${giga(here.two)} on two`);
  const ofKinds = kinds.slice(0, LONGEST).map(({ kind, one, two, serial, bound }) => {
    const share = bound ? 'bound by memory' : `serial ${(100 * serial).toFixed(0)} %`;
    say(`  ${kind}: ${(one * 1e3).toFixed(0)} ms, ${(two * 1e3).toFixed(0)} ms, ${share}`);
    return ratioRow(whatOf(`${variant}, ${kind} on 2 threads`), two, one / 2);
  });
  const onMore = PROJECTED.map((threads) => {
    const [own = 0, socket = 0] = [here.two, SOCKET].map((most) =>
      projected(instructionsOn(threads), kinds, { ...here, most }, threads),
    );
    say(
      `  projected on ${threads}: ${own.toFixed(3)} s with this machine's memory, ${socket.toFixed(3)} s with a socket's`,
    );
    const what = whatOf(`${variant}, projected on ${threads} threads, a socket's memory`);
    return ratioRow(what, socket, Math.min(...one.times) / threads);
  });
  say(
    `  two sockets: at most ${(100 * two.near).toFixed(0)} % of the images' bytes can be near their threads`,
  );
  const few = two.instructions.flatMap(({ kind, spec, implementation }) => {
    const items = spec && workItems(spec, implementation, MANY);
    return items !== null && items < MANY ? [`${kind}: ${items}`] : [];
  });
  const list = [...countsOf(few)].map(([what, count]) => `${what} (${count})`);
  say(`  fewer parts than ${MANY} threads (layers): ${list.join(', ') || 'none'}`);
  return [...ofKinds, ...onMore];
}

/**
 * Runs in a new process.
 * @param {string} arch
 * @param {number} batch
 * @param {string} precision
 * @param {number} steps
 * @param {number} threads
 * @param {Record<string, string>} names
 * @returns {Times}
 */
function timed(arch, batch, precision, steps, threads, names) {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
  const args = [CHILD, arch, String(batch), precision, String(steps)];
  const input = JSON.stringify(names);
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8', env, input, maxBuffer: 1 << 28 });
  return JSON.parse(printed);
}

/** @param {number} rate */
const giga = (rate) => (rate / 1e9).toFixed(0);
