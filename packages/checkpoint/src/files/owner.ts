// Who writes a file: so that what a killed process left is told from what another is writing.

import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { codeOf } from '../errors.js';

/** The machine since its start, and the namespace that process ids count in: containers have their own. */
const MACHINE = createHash('sha256')
  .update([hostname(), ...[bootId, pidNamespace].map(orNothing)].join('\n'))
  .digest('hex')
  .slice(0, 8);

/** This process, as part of a file name: `MACHINE-PID`. */
export const OWNER = `${MACHINE}-${process.pid}`;

/** Whether a process of this machine has ended; false for one of another, of which nothing is known. */
export function hasEnded(owner: string): boolean {
  const [machine, pid] = owner.split('-');
  if (machine !== MACHINE) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

/** Only Linux tells; elsewhere there are no such namespaces. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
