/** Chooses where rank 0 listens: only on the address at which the others reach it. */
import type { AddressInfo, Server } from 'node:net';
import { CommError } from '../errors.js';
import { ownHost } from './hosts.js';
import type { Master, MeetSettings } from './options.js';

const NAME_PAUSE_MS = 200;

/**
 * Listens on the master's address. If that is not an address of this machine (a service address, or behind
 * NAT), listens on the interface of GLOO_SOCKET_IFNAME or, if the run has a secret, on all addresses.
 *
 * @throws {CommError} if the address or port is unusable
 */
export async function listen(
  server: Server,
  { host, port }: Master,
  { secret, greetMs, note }: Pick<MeetSettings, 'secret' | 'greetMs' | 'note'>,
): Promise<void> {
  const deadline = performance.now() + greetMs;
  for (let address: string | undefined = host; ; ) {
    try {
      await listenAt(server, port, address);
      break;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' && performance.now() < deadline) {
        // The name may become resolvable a little after the machine is up.
        await new Promise((resolve) => setTimeout(resolve, NAME_PAUSE_MS));
      } else if (code === 'EADDRNOTAVAIL' && address === host) {
        address = ownHost('') || undefined;
        if (address === undefined && secret === '') throw refusal(error as NodeJS.ErrnoException, host, port);
      } else throw refusal(error as NodeJS.ErrnoException, host, port);
    }
  }
  const { address } = server.address() as AddressInfo;
  if (secret === '' && !isLoopback(address)) {
    note(`no secret is set (IABN_SECRET): any process that reaches ${host}:${port} can join the run`);
  }
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function listenAt(server: Server, port: number, address: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): CommError {
  const reasons: Partial<Record<string, string>> = {
    EADDRINUSE: 'another program listens there: choose another MASTER_PORT',
    EADDRNOTAVAIL:
      'it is not an address of this machine: set GLOO_SOCKET_IFNAME to the interface that the others reach, ' +
      'or set IABN_SECRET to let rank 0 listen on all addresses',
    EACCES: 'this user is not allowed to listen there: choose a MASTER_PORT above 1023',
    ENOTFOUND: 'the host is unknown: check MASTER_ADDR',
    EAI_AGAIN: 'the host cannot be looked up now: check MASTER_ADDR',
  };
  return new CommError(
    `rank 0 cannot listen at ${host}:${port}: ${reasons[error.code ?? ''] ?? error.message}`,
  );
}
