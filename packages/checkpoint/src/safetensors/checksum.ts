// A SHA-256 of the whole file, stored inside it. The digest is a metadata entry that counts as 64 zeros while
// hashing, so a checkpoint stays one file, other readers see an ordinary entry, and every flipped bit is
// detected.

import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { CheckpointError } from '../errors.js';
import { PIECE_BYTES } from '../files/source.js';
import type { Metadata } from './header.js';

/** Metadata key of the digest. */
export const CHECKSUM_KEY = 'sha256';
export const BLANK_CHECKSUM = '0'.repeat(64);

const SLICE_BYTES = PIECE_BYTES;

/** Offset of the digest in the first bytes of a file (length and header). */
function digestPosition(head: Buffer, digest: string): number {
  const label = `"${CHECKSUM_KEY}":"`;
  const start = head.indexOf(`${label}${digest}"`);
  return start < 0 ? start : start + label.length;
}

/** Writes the digest into a head that was encoded with a blank one. */
export function insertChecksum(head: Buffer, digest: string): void {
  head.write(digest, digestPosition(head, BLANK_CHECKSUM), 'latin1');
}

/** Starts the hash of a file whose head has a blank digest. */
export function startChecksum(head: Uint8Array): Hash {
  return createHash('sha256').update(head);
}

/** Hashes bytes in slices, so that other work can run in between. */
export async function addToChecksum(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.byteLength; start += SLICE_BYTES) {
    hash.update(bytes.subarray(start, start + SLICE_BYTES));
    if (bytes.byteLength >= SLICE_BYTES) await setImmediate();
  }
}

/** Starts the hash of an existing file with its digest blanked, and returns the digest to compare with. */
export function resumeChecksum(
  path: string,
  head: Buffer,
  metadata: Metadata,
): { hash: Hash; expected: string } {
  const expected = metadata[CHECKSUM_KEY];
  const position = expected?.length === BLANK_CHECKSUM.length ? digestPosition(head, expected) : -1;
  if (expected === undefined || position < 0) {
    throw new CheckpointError(`${path} has no checksum, so it cannot be verified.`);
  }
  const blanked = Buffer.from(head);
  blanked.write(BLANK_CHECKSUM, position, 'latin1');
  return { hash: startChecksum(blanked), expected };
}
