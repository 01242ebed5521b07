// @ts-check
// Overlap of computation and communication: ResNet-50 in two processes with one thread each over a slow link.
// The peer is the lower bound of a step: the longer of computing alone and sending the gradients alone, both
// measured by the same processes in the same run.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '@inplace-abn/comm';
import { ratioRow } from '../lib/pairs.mjs';
import { SlowNetwork } from '../lib/slow-network.mjs';
import { describe, median, spread } from '../lib/stats.mjs';

const RANK = fileURLToPath(new URL('../lib/data-parallel-rank.mjs', import.meta.url));
const PROCESSES = 2;
/** Megabits per second; null: no limit. */
const RATES = [null, 2000, 800, 400, 200];

/**
 * @typedef {object} Measured
 * @property {number[]} computation
 * @property {number[]} communication
 * @property {number[]} together
 * @property {number} bytes
 * @property {number} gradientBytes
 */

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 3, batch = 8, say }) {
  const network = SlowNetwork.create();
  if (!network)
    say('! no network namespaces for this user (ip netns): loopback alone, and bytes are not counted');
  /** @type {import('../lib/suites.mjs').Row[]} */
  const rows = [];
  try {
    for (const mode of ['inplace', 'sync']) {
      for (const rate of network ? RATES : [null]) {
        network?.limit(rate);
        const found = await measure(network, { steps, batch, mode });
        rows.push(
          ...rowsOf(`${mode}, batch ${batch} each, ${rate ? `${rate} Mbit/s` : 'no limit'}`, found, say),
        );
      }
    }
  } finally {
    if (network) SlowNetwork.remove();
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {Measured} found
 * @param {(line: string) => void} say
 */
function rowsOf(variant, { computation, communication, together, bytes, gradientBytes }, say) {
  const [alone, sending, step] = [computation, communication, together].map((list) => median(list));
  const bound = Math.max(alone ?? 0, sending ?? 0);
  say(
    `${variant}: step ${describe(together, 's')}; computing ${describe(computation, 's')}, sending ${describe(communication, 's')}`,
  );
  const name = 'data-parallel';
  const rows = [
    {
      ...ratioRow({ name, variant, unit: 's' }, step ?? 0, bound),
      spread: Math.max(...[computation, communication, together].map(spread)),
    },
  ];
  if (Number.isNaN(bytes)) return rows;
  const ring = (2 * (PROCESSES - 1) * gradientBytes) / PROCESSES / 1e6;
  const sent = bytes / 1e6;
  return [...rows, ratioRow({ name, variant: `${variant}, bytes sent`, unit: 'MB' }, sent, ring)];
}

/**
 * @param {SlowNetwork | null} network
 * @param {{ steps: number, batch: number, mode: string }} settings
 * @returns {Promise<Measured>}
 */
async function measure(network, { steps, batch, mode }) {
  const port = String(network ? 29500 : await freePort());
  const outputs = await Promise.all(
    Array.from({ length: PROCESSES }, (_, rank) => {
      const host = network?.hosts[rank];
      const [command = process.execPath, ...args] = [...(host?.inside ?? []), process.execPath, RANK];
      const env = {
        ...process.env,
        RANK: String(rank),
        WORLD_SIZE: String(PROCESSES),
        MASTER_ADDR: network?.hosts[0]?.address ?? '127.0.0.1',
        MASTER_PORT: port,
        OMP_NUM_THREADS: '1',
        BENCH_BN_MODE: mode,
      };
      return output(command, [...args, String(steps), String(batch), ...(host ? [host.link] : [])], env);
    }),
  );
  return JSON.parse(outputs.join(''));
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
function output(command, args, env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`a rank ended with exit code ${code}`)),
    );
  });
}
