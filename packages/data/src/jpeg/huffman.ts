import type { HuffmanCode } from './header.js';

// Must match wasm/entropy.ts.
const FAST_BITS = 10;
const LARGEST = 2048;
const OFFSETS = LARGEST + 72;
const SYMBOLS = OFFSETS + 72;
const BYTES = SYMBOLS + 256;

/**
 * A decoding table: for every 10-bit prefix the length and symbol of its code (length 0 if the code is
 * longer), then for each length the largest code and the offset from a code to its symbol's index (T.81,
 * F.2.2.3). Undefined if the counts do not describe a valid code.
 */
export function decodingTable({ counts, symbols }: HuffmanCode): Uint8Array | undefined {
  const table = new Uint8Array(BYTES);
  const fast = new Uint16Array(table.buffer, 0, 1 << FAST_BITS);
  const largest = new Int32Array(table.buffer, LARGEST, 18).fill(-1);
  const offsets = new Int32Array(table.buffer, OFFSETS, 18);
  table.set(symbols, SYMBOLS);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1] ?? 0;
    if (code + count > 1 << length) return undefined;
    offsets[length] = index - code;
    for (let i = 0; i < count; i++, code++, index++) {
      if (length > FAST_BITS) continue;
      const from = code << (FAST_BITS - length);
      fast.fill((length << 8) | (symbols[index] ?? 0), from, from + (1 << (FAST_BITS - length)));
    }
    if (count > 0) largest[length] = code - 1;
    code <<= 1;
  }
  return table;
}
