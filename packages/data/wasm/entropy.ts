// Huffman decoding of a baseline JPEG scan (ITU-T T.81, F.2). AssemblyScript.

/** Bits of the longest code that one lookup decodes. */
const FAST_BITS: i32 = 10;
/**
 * A table: 2^10 × u16 (length << 8 | symbol; 0 if longer), 18 × i32 largest code by length, 18 × i32 offset,
 * 256 × u8.
 */
const LARGEST: usize = 2048;
const OFFSETS: usize = LARGEST + 72;
const SYMBOLS: usize = OFFSETS + 72;

/** Maps zigzag order to the position in the block. */
const NATURAL = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Dequantized coefficients of the last decoded block: 64 × i16, row-major. */
export const block = memory.data(128, 16);

// Bits read ahead (the next one at the top), their count, and how many of them are zeros past the end.
let bits: u64 = 0;
let count: i32 = 0;
let padding: i32 = 0;
let at: usize = 0;
let end: usize = 0;

const predictions = memory.data(12, 4);

/** Prepares for the first byte of a scan, or for the data after a restart marker. */
function reset(): void {
  bits = 0;
  count = 0;
  padding = 0;
  memory.fill(predictions, 0, 12);
}

export function startScan(from: usize, to: usize): void {
  at = from;
  end = to;
  reset();
}

/** Skips a restart marker; false if there is none. */
export function restart(): bool {
  if (at + 2 > end || load<u8>(at) !== 0xff || (load<u8>(at, 1) & 0xf8) !== 0xd0) return false;
  at += 2;
  reset();
  return true;
}

/** Ensures that 32 bits are available. Past the last byte before a marker it appends zeros. */
function refill(): void {
  if (at + 4 <= end) {
    const word = load<u32>(at);
    // Without 0xff there is no byte stuffing to check for.
    if ((word & 0x80808080 & (~word - 0x01010101)) === 0) {
      bits |= u64(bswap(word)) << u64(32 - count);
      count += 32;
      at += 4;
      return;
    }
  }
  while (count <= 56) {
    let byte: u64 = 0;
    if (at >= end) {
      padding += 8;
    } else {
      byte = load<u8>(at);
      if (byte === 0xff) {
        if (at + 1 < end && load<u8>(at, 1) === 0) {
          at += 2;
        } else {
          byte = 0;
          padding += 8;
        }
      } else {
        at++;
      }
    }
    bits |= byte << u64(56 - count);
    count += 8;
  }
}

/** Decodes the next symbol with a table; -1 for an invalid code. */
function symbol(table: usize): i32 {
  if (count < 32) refill();
  const entry = i32(load<u16>(table + (usize(bits >> u64(64 - FAST_BITS)) << 1)));
  if (entry !== 0) {
    const length = entry >> 8;
    bits <<= u64(length);
    count -= length;
    return entry & 0xff;
  }
  for (let length = FAST_BITS + 1; length <= 16; length++) {
    const code = i32(bits >> u64(64 - length));
    if (code <= load<i32>(table + (usize(length) << 2), LARGEST)) {
      bits <<= u64(length);
      count -= length;
      const index = (code + load<i32>(table + (usize(length) << 2), OFFSETS)) & 0xff;
      return i32(load<u8>(table + usize(index), SYMBOLS));
    }
  }
  return -1;
}

/** Reads a signed number of `size` bits (1 to 15); a leading 0 means negative (T.81, EXTEND). */
function number(size: i32): i32 {
  const value = i32(bits >> u64(64 - size));
  bits <<= u64(size);
  count -= size;
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/**
 * Decodes a block and, if `keep` is set, dequantizes it into `block`.
 * Returns the zigzag index of the last nonzero coefficient, or -1 for a damaged scan.
 */
export function decodeBlock(component: i32, dc: usize, ac: usize, quant: usize, keep: bool): i32 {
  const size = symbol(dc);
  if (size < 0 || size > 15) return -1;
  const prediction = predictions + (usize(component) << 2);
  const value = load<i32>(prediction) + (size > 0 ? number(size) : 0);
  store<i32>(prediction, value);
  if (keep) {
    for (let i: usize = 0; i < 128; i += 16) v128.store(block + i, i16x8.splat(0));
    store<i16>(block, i16(value * i32(load<u16>(quant))));
  }
  let last = 0;
  for (let k = 1; k < 64; k++) {
    const code = symbol(ac);
    if (code < 0) return -1;
    const bitsOfValue = code & 15;
    const run = code >> 4;
    if (bitsOfValue === 0) {
      if (run !== 15) break;
      k += 15;
      continue;
    }
    k += run;
    if (k > 63) return -1;
    const coefficient = number(bitsOfValue);
    if (keep) {
      const place = usize(load<u8>(NATURAL + usize(k))) << 1;
      store<i16>(block + place, i16(coefficient * i32(load<u16>(quant + (usize(k) << 1)))));
    }
    last = k;
  }
  // The scan took more bits than the file has.
  return count < padding ? -1 : last;
}
