import { setImmediate } from 'node:timers/promises';
// Not by name: in an older Node, that import would be a syntax error.
import * as zlib from 'node:zlib';
import { OldNodeError } from '../errors.js';
import { PIECE_BYTES } from '../files/source.js';

const SLICE_BYTES = PIECE_BYTES;

if (typeof zlib.crc32 !== 'function') throw new OldNodeError(process.versions.node);

/** CRC-32 as in zip files, continuing from `before`. Yields to other work between slices. */
export async function crc32Of(bytes: Uint8Array, before = 0): Promise<number> {
  let crc = before;
  for (let start = 0; start < bytes.byteLength; start += SLICE_BYTES) {
    crc = zlib.crc32(bytes.subarray(start, start + SLICE_BYTES), crc);
    if (bytes.byteLength >= SLICE_BYTES) await setImmediate();
  }
  return crc;
}
