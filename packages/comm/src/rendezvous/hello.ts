/** The greeting of a process that joins, and the reasons to refuse it. */
import type { Header } from './frames.js';
import { type MeetSettings, PROTOCOL } from './options.js';

/** Maximum number of characters to show from another process's text. */
const SHOWN = 200;

export interface Comer {
  /** The sender's address and port. */
  readonly peer: string;
  readonly hello: Header;
}

/**
 * The reason for rank 0 to refuse the process in a world of `size`; null if it can join. `known`: the peer
 * that already has its rank.
 */
export function problemOf(
  comer: Comer,
  size: number,
  known: string | undefined,
  identity: MeetSettings['identity'],
): string | null {
  const { peer, hello } = comer;
  const rank = rankOf(comer, size);
  const name = `rank ${shown(hello.rank)} at ${peer}`;
  if (hello.protocol !== PROTOCOL)
    return `${name} runs another version of this program: install the same version everywhere`;
  if (hello.size !== size) {
    return `${name} was started with WORLD_SIZE ${shown(hello.size)}, rank 0 with ${size}: start all processes with the same`;
  }
  if (Number.isNaN(rank)) return `${name} is not one of the ranks 0 to ${size - 1}`;
  if (known !== undefined) return `two processes have RANK ${rank}, ${known} and ${peer}: give each its own`;
  return mismatch(name, hello.identity, identity);
}

/** The rank it claims; NaN if invalid for `size` processes. */
function rankOf({ hello }: Comer, size: number): number {
  const { rank } = hello;
  return typeof rank === 'number' && Number.isInteger(rank) && rank >= 0 && rank < size ? rank : Number.NaN;
}

function mismatch(name: string, given: unknown, identity: MeetSettings['identity']): string | null {
  const theirs = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  for (const key of new Set([...Object.keys(identity), ...Object.keys(theirs)])) {
    const [mine, other] = [identity[key], theirs[key]];
    if (mine === other) continue;
    return `the ${shown(key)} differs: ${name} has ${shown(other ?? 'none')}, rank 0 has ${mine ?? 'none'}: start all processes with the same`;
  }
  return null;
}

/** Another process's text, made safe for a terminal: no control characters, limited length. */
function shown(value: unknown): string {
  const text = String(value).replace(/\p{C}/gu, '?');
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
