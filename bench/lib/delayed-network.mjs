// @ts-check
// Simulates hosts on this machine: network namespaces between which relay.py routes packets, with a rate and
// a delay.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const RELAY = fileURLToPath(new URL('relay.py', import.meta.url));
const [PREFIX, NETWORK] = ['iabn-paper', '10.77.1'];

/** @param {readonly string[]} args */
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });

/** Hosts whose links have the same rate and delay. */
export class DelayedNetwork {
  /** @param {number} hosts @param {import('node:child_process').ChildProcess} relay */
  constructor(hosts, relay) {
    this.hosts = hosts;
    this.relay = relay;
  }

  /**
   * Null if this user may not create it.
   * @param {number} hosts
   * @param {{ bandwidth: number, latency: number }} link  bytes per second and direction, seconds
   * @returns {Promise<DelayedNetwork | null>}
   */
  static async create(hosts, { bandwidth, latency }) {
    const all = Array.from({ length: hosts }, (_, i) => i);
    removeNamespaces(hosts);
    try {
      for (const i of all) {
        ip('netns', 'add', `${PREFIX}${i}`);
        ip('-n', `${PREFIX}${i}`, 'link', 'set', 'lo', 'up');
      }
    } catch {
      removeNamespaces(hosts);
      return null;
    }
    const devices = all.map((i) => `iabnp${i}=${PREFIX}${i}=${addressOf(i)}`);
    const relay = spawn('python3', [RELAY, String(8 * bandwidth), String(latency), ...devices], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(relay, 'exit');
    const ready = await Promise.race([once(relay.stdout, 'data').then(() => true), ended.then(() => false)]);
    if (ready) return new DelayedNetwork(hosts, relay);
    removeNamespaces(hosts);
    return null;
  }

  /** Where rank 0 listens. */
  get first() {
    return addressOf(0);
  }

  /** Prefix of a command that runs on a host. @param {number} host */
  inside(host) {
    return ['ip', 'netns', 'exec', `${PREFIX}${host}`];
  }

  remove() {
    this.relay.kill();
    removeNamespaces(this.hosts);
  }
}

/** @param {number} host */
const addressOf = (host) => `${NETWORK}.${host + 1}`;

/** @param {number} hosts */
function removeNamespaces(hosts) {
  for (let i = 0; i < hosts; i++) {
    try {
      ip('netns', 'del', `${PREFIX}${i}`);
    } catch {
      // There is none.
    }
  }
}
