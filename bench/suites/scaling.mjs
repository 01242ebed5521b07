// @ts-check
// Steps of two to four processes over links with a rate and a delay, compared with what `plan --nodes`
// predicts for them. The prediction knows the rate, the delay, and what a process computes while the others
// compute as well, timed in the same run.
import { DelayedNetwork } from '../lib/delayed-network.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { measure } from '../lib/scaling.mjs';
import { describe, median, spread } from '../lib/stats.mjs';

const MEGABIT = 1e6 / 8;

/**
 * @typedef {object} Case
 * @property {number} processes
 * @property {number} [perNode]  processes of a host; default 1
 * @property {number} megabits
 * @property {number} milliseconds
 * @property {'inplace' | 'sync'} mode
 * @property {'ring' | 'hierarchical'} [topology]
 */
/** @type {readonly Case[]} */
const CASES = [
  { processes: 2, megabits: 50, milliseconds: 1, mode: 'inplace' },
  { processes: 2, megabits: 50, milliseconds: 10, mode: 'inplace' },
  { processes: 2, megabits: 50, milliseconds: 10, mode: 'sync' },
  { processes: 3, megabits: 50, milliseconds: 5, mode: 'inplace' },
  { processes: 4, megabits: 50, milliseconds: 1, mode: 'inplace' },
  { processes: 4, megabits: 50, milliseconds: 10, mode: 'sync' },
  { processes: 4, perNode: 2, megabits: 50, milliseconds: 1, mode: 'inplace' },
  { processes: 4, perNode: 2, megabits: 50, milliseconds: 1, mode: 'inplace', topology: 'hierarchical' },
  { processes: 4, perNode: 2, megabits: 50, milliseconds: 10, mode: 'sync' },
  { processes: 4, perNode: 2, megabits: 50, milliseconds: 10, mode: 'sync', topology: 'hierarchical' },
];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 3, batch = 2, networks: [arch = 'resnet18'] = [], say }) {
  /** @type {import('../lib/suites.mjs').Row[]} */
  const rows = [];
  for (const { processes, perNode = 1, megabits, milliseconds, mode, topology = 'ring' } of CASES) {
    const link = { bandwidth: megabits * MEGABIT, latency: milliseconds / 1000 };
    const network = await DelayedNetwork.create(processes / perNode, link);
    if (!network) {
      say('! no network namespaces or TUN devices for this user: nothing to measure');
      return rows;
    }
    try {
      const found = await measure(network, { arch, mode, batch, crop: 64, link, steps, perNode, topology });
      const nodes = perNode > 1 ? `, ${perNode} on a host, ${topology}` : '';
      const variant = `${arch}, ${mode}, ${processes} × batch ${batch}, ${megabits} Mbit/s, ${milliseconds} ms${nodes}`;
      rows.push(rowOf(variant, found, say));
    } finally {
      network.remove();
    }
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {import('../lib/scaling.mjs').Found} found
 * @param {(line: string) => void} say
 */
function rowOf(variant, { seconds, computing, exchanging, waiting, together }, say) {
  const ours = median(together) ?? 0;
  const parts = [computing, exchanging, waiting].map((part) => part.toFixed(2)).join(' + ');
  say(`${variant}: step ${describe(together, 's')}; predicted ${seconds.toFixed(2)} s = ${parts}`);
  return { ...ratioRow({ name: 'scaling', variant, unit: 's' }, ours, seconds), spread: spread(together) };
}
