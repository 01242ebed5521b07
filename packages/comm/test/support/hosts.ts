/** Hosts simulated on this machine: network namespaces with their own addresses, on one switch. */
import { execFileSync } from 'node:child_process';

/** Each namespace has its own network, so test files can use the same addresses in parallel. */
const NETWORK = '10.78.0';

function sh(command: string): void {
  execFileSync('/bin/sh', ['-c', command], { stdio: 'pipe' });
}

export interface Host {
  readonly address: string;
  /** Command prefix to run inside the host. */
  readonly inside: readonly string[];
}

export class Hosts {
  private constructor(
    private readonly prefix: string,
    readonly list: readonly Host[],
  ) {}

  /** null if this user may not create network namespaces. */
  static create(count: number): Hosts | null {
    const prefix = `iabn${process.pid}`;
    const hosts = new Hosts(
      prefix,
      Array.from({ length: count }, (_, i) => ({
        address: `${NETWORK}.${i + 1}`,
        inside: ['ip', 'netns', 'exec', `${prefix}h${i}`],
      })),
    );
    try {
      // The switch has its own namespace too, so the machine's network stays unchanged.
      sh(
        `ip netns add ${prefix}s && ip -n ${prefix}s link add br0 type bridge && ip -n ${prefix}s link set br0 up`,
      );
      for (const [i, { address }] of hosts.list.entries()) {
        sh(`ip netns add ${prefix}h${i} && ip -n ${prefix}h${i} link set lo up`);
        sh(`ip link add eth0 netns ${prefix}h${i} type veth peer name port${i} netns ${prefix}s`);
        sh(`ip -n ${prefix}s link set port${i} master br0 up`);
        sh(
          `ip -n ${prefix}h${i} address add ${address}/24 dev eth0 && ip -n ${prefix}h${i} link set eth0 up`,
        );
      }
      return hosts;
    } catch {
      hosts.remove();
      return null;
    }
  }

  /** Unplugs a host: everything it sends or should receive is silently lost. */
  cut(host: number): void {
    sh(`ip -n ${this.prefix}s link set port${host} down`);
  }

  remove(): void {
    const names = ['s', ...this.list.map((_, i) => `h${i}`)];
    for (const name of names) sh(`ip netns del ${this.prefix}${name} 2>/dev/null || true`);
  }
}
