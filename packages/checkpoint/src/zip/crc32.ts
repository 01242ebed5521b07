import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

const SLICE_BYTES = 16 * 2 ** 20;

/** CRC-32 of bytes as zip files use it; other work gets its turn between slices. */
export async function crc32Of(bytes: Uint8Array): Promise<number> {
  let crc = 0;
  for (let start = 0; start < bytes.byteLength; start += SLICE_BYTES) {
    crc = crc32(bytes.subarray(start, start + SLICE_BYTES), crc);
    if (bytes.byteLength > SLICE_BYTES) await setImmediate();
  }
  return crc;
}
