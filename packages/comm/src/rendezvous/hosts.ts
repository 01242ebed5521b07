/** The address at which other machines reach this one. */
import { networkInterfaces } from 'node:os';
import { CommError } from '../errors.js';

/**
 * The address of the interface named by GLOO_SOCKET_IFNAME, else the local address of the connection to rank
 * 0.
 */
export function ownHost(used: string, env: NodeJS.ProcessEnv = process.env): string {
  const name = env.GLOO_SOCKET_IFNAME;
  if (!name) return used;
  const addresses = networkInterfaces()[name];
  if (!addresses) {
    const known = Object.keys(networkInterfaces()).join(', ');
    throw new CommError(`GLOO_SOCKET_IFNAME is ${name}, but the interfaces of this machine are ${known}`);
  }
  return (addresses.find(({ family }) => family === 'IPv4') ?? addresses[0])?.address ?? used;
}
