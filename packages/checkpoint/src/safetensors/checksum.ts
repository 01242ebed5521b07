// A SHA-256 of the whole file, kept inside it: the digest stands in the metadata and counts as 64 zeros while
// hashing. One file stays one file, other readers see an ordinary metadata entry, and every flipped bit shows.

import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { CheckpointError } from '../errors.js';
import { PIECE_BYTES } from '../files/source.js';
import type { Metadata } from './header.js';

/** Metadata key that holds the digest. */
export const CHECKSUM_KEY = 'sha256';
export const BLANK_CHECKSUM = '0'.repeat(64);

const SLICE_BYTES = PIECE_BYTES;

/** Where the digest stands in the first bytes of a file (length and header). */
function digestPosition(head: Buffer, digest: string): number {
  const label = `"${CHECKSUM_KEY}":"`;
  const start = head.indexOf(`${label}${digest}"`);
  return start < 0 ? start : start + label.length;
}

/** Fills the digest into a head that was encoded with a blank one. */
export function insertChecksum(head: Buffer, digest: string): void {
  head.write(digest, digestPosition(head, BLANK_CHECKSUM), 'latin1');
}

/** Starts the hash of a file whose head has a blank digest. */
export function startChecksum(head: Uint8Array): Hash {
  return createHash('sha256').update(head);
}

/** Adds bytes in slices, so that other work gets its turn between them. */
export async function addToChecksum(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.byteLength; start += SLICE_BYTES) {
    hash.update(bytes.subarray(start, start + SLICE_BYTES));
    if (bytes.byteLength >= SLICE_BYTES) await setImmediate();
  }
}

/** The hash of a file that was read, with its digest blanked out; and the digest it should end in. */
export function resumeChecksum(
  path: string,
  head: Buffer,
  metadata: Metadata,
): { hash: Hash; expected: string } {
  const expected = metadata[CHECKSUM_KEY];
  const position = expected?.length === BLANK_CHECKSUM.length ? digestPosition(head, expected) : -1;
  if (expected === undefined || position < 0) {
    throw new CheckpointError(`${path} holds no checksum, so it cannot be told whether it is whole.`);
  }
  const blanked = Buffer.from(head);
  blanked.write(BLANK_CHECKSUM, position, 'latin1');
  return { hash: startChecksum(blanked), expected };
}
