// @ts-check
// Simulates hosts on this machine: network namespaces connected by a link with limited bandwidth.
import { execFileSync } from 'node:child_process';

const [PREFIX, NETWORK] = ['iabn-bench', '10.77.0'];

/** @param {string} command */
function sh(command) {
  execFileSync('/bin/sh', ['-c', command], { stdio: 'pipe' });
}

/**
 * @typedef {object} Host
 * @property {string} address
 * @property {string} link  its interface
 * @property {readonly string[]} inside  prefix of a command that runs there
 */

/** Two hosts with a link between them; null if this user may not create them. */
export class SlowNetwork {
  /** @type {readonly Host[]} */
  hosts;

  /** @param {readonly Host[]} hosts */
  constructor(hosts) {
    this.hosts = hosts;
  }

  /** @returns {SlowNetwork | null} */
  static create() {
    SlowNetwork.remove();
    try {
      for (const i of [0, 1]) {
        sh(`ip netns add ${PREFIX}${i} && ip netns exec ${PREFIX}${i} ip link set lo up`);
      }
      sh(`ip link add iabnb0 netns ${PREFIX}0 type veth peer name iabnb1 netns ${PREFIX}1`);
      for (const i of [0, 1]) {
        sh(`ip netns exec ${PREFIX}${i} ip address add ${NETWORK}.${i + 1}/24 dev iabnb${i}`);
        sh(`ip netns exec ${PREFIX}${i} ip link set iabnb${i} mtu 9000 up`);
      }
    } catch {
      SlowNetwork.remove();
      return null;
    }
    return new SlowNetwork(
      [0, 1].map((i) => ({
        address: `${NETWORK}.${i + 1}`,
        link: `iabnb${i}`,
        inside: ['ip', 'netns', 'exec', `${PREFIX}${i}`],
      })),
    );
  }

  /** @param {number | null} megabits  per second and direction; null: no limit */
  limit(megabits) {
    for (const { inside, link } of this.hosts) {
      sh(`${inside.join(' ')} tc qdisc del dev ${link} root 2>/dev/null || true`);
      if (megabits === null) continue;
      const shape = `tbf rate ${megabits}mbit burst 256kb latency 200ms`;
      sh(`${inside.join(' ')} tc qdisc add dev ${link} root ${shape}`);
    }
  }

  static remove() {
    for (const i of [0, 1]) sh(`ip netns del ${PREFIX}${i} 2>/dev/null || true`);
  }
}
