/** Where rank 0 listens: at the address that the others reach it by, and at no other. */
import type { AddressInfo, Server } from 'node:net';
import { CommError } from '../errors.js';
import { ownHost } from './hosts.js';
import type { Master, MeetSettings } from './options.js';

const NAME_PAUSE_MS = 200;

/**
 * Listens at the master's address. An address that others see and this machine has not (of a service, behind a translation)
 * leaves the interface of GLOO_SOCKET_IFNAME or, in a run with a secret, all addresses.
 *
 * @throws {CommError}
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
        // A name may become known a little later than the machine that has it.
        await new Promise((resolve) => setTimeout(resolve, NAME_PAUSE_MS));
      } else if (code === 'EADDRNOTAVAIL' && address === host) {
        address = ownHost('') || undefined;
        if (address === undefined && secret === '') throw refusal(error as NodeJS.ErrnoException, host, port);
      } else throw refusal(error as NodeJS.ErrnoException, host, port);
    }
  }
  const { address } = server.address() as AddressInfo;
  if (secret === '' && !isLoopback(address)) {
    note(`no secret is set (IABN_SECRET): whoever reaches ${host}:${port} may take part in the run`);
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
      'it is no address of this machine: set GLOO_SOCKET_IFNAME to the interface that the others reach, or IABN_SECRET, ' +
      'with which rank 0 may listen at all addresses',
    EACCES: 'this user may not listen there: choose a MASTER_PORT above 1023',
    ENOTFOUND: 'no such host is known: see MASTER_ADDR',
    EAI_AGAIN: 'the host cannot be looked up now: see MASTER_ADDR',
  };
  return new CommError(
    `rank 0 cannot listen at ${host}:${port}: ${reasons[error.code ?? ''] ?? error.message}`,
  );
}
