// @ts-check
// Ranks of the scaling bench, `perNode` on each host.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const RANK = fileURLToPath(new URL('scaling-rank.mjs', import.meta.url));

/**
 * @typedef {object} Settings
 * @property {string} arch
 * @property {'inplace' | 'sync'} mode
 * @property {number} batch  images of each process
 * @property {number} crop
 * @property {{ bandwidth: number, latency: number }} link
 * @property {number} steps
 * @property {number} perNode  processes of a host
 * @property {'ring' | 'hierarchical'} topology
 *
 * The predicted step and its parts, and the measured steps (`together`), in seconds.
 * @typedef {object} Found
 * @property {number} seconds
 * @property {number} computing
 * @property {number} exchanging
 * @property {number} waiting
 * @property {number[]} together
 */

/**
 * @param {import('./delayed-network.mjs').DelayedNetwork} network
 * @param {Settings} settings
 * @returns {Promise<Found>}
 */
export async function measure(network, settings) {
  const { perNode, topology } = settings;
  const processes = network.hosts * perNode;
  const outputs = await Promise.all(
    Array.from({ length: processes }, (_, rank) => {
      const [command = 'ip', ...args] = [
        ...network.inside(Math.floor(rank / perNode)),
        process.execPath,
        RANK,
      ];
      const env = {
        ...process.env,
        RANK: String(rank),
        LOCAL_RANK: String(rank % perNode),
        WORLD_SIZE: String(processes),
        IABN_TOPOLOGY: topology,
        MASTER_ADDR: network.first,
        MASTER_PORT: '29500',
        OMP_NUM_THREADS: '1',
      };
      return output(
        spawn(command, [...args, JSON.stringify(settings)], { env, stdio: ['ignore', 'pipe', 'inherit'] }),
      );
    }),
  );
  return JSON.parse(outputs.join(''));
}

/**
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child
 */
async function output(child) {
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [printed, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`a rank ended with exit code ${code}`);
  return printed;
}
