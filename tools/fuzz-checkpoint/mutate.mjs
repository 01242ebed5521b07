// Damaged files: a few changes to a good one, some of them aware of the format.
import { crc32 } from 'node:zlib';

/** A generator of whole numbers below n, from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n) | 0;
  };
}

/** Opcodes that checkpoints use, so that changed programs get further than the next instruction. */
const OPCODES = Buffer.from(
  '(.NQRbcaes}])t\x81\x85\x86\x87\x88\x89JKM\x8aGTUXh\x8cjqr\x80\x8f\x90\x91\x92',
  'latin1',
);
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

const CHANGES = [
  (bytes, random) => {
    const at = random(bytes.length);
    bytes[at] ^= 1 << random(8);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => {
    bytes[random(bytes.length)] = OPCODES[random(OPCODES.length)];
    return bytes;
  },
  (bytes, random) => {
    const at = random(bytes.length);
    bytes.fill(EXTREMES[random(EXTREMES.length)], at, Math.min(bytes.length, at + 1 + random(8)));
    return bytes;
  },
  (bytes, random) => {
    // A part copied somewhere else: instructions, entries and headers that occur twice.
    const from = random(bytes.length);
    const part = Buffer.from(bytes.subarray(from, from + random(200)));
    const at = random(bytes.length);
    if (random(2) === 0) return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
    part.copy(bytes, at);
    return bytes;
  },
  (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(50))]);
  },
];

/** One damaged file from the good ones. */
export function mutate(files, random) {
  let bytes = Buffer.from(files[random(files.length)]);
  for (let count = 1 + random(3); count > 0 && bytes.length > 0; count--) {
    bytes = CHANGES[random(CHANGES.length)](bytes, random);
  }
  // With a wrong checksum, the reader would not reach the pickle.
  return random(4) === 0 ? bytes : withChecksum(bytes);
}

/** Corrects the checksum of data.pkl, if the file is still a zip file that has one. */
function withChecksum(bytes) {
  const name = bytes.indexOf('data.pkl');
  const header = bytes.lastIndexOf('PK\x03\x04', name);
  const entry = bytes.indexOf('PK\x01\x02');
  if (name < 0 || header < 0 || entry < 0 || entry + 46 > bytes.length || header + 30 > bytes.length)
    return bytes;
  const start = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const size = bytes.readUInt32LE(entry + 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + size)), entry + 16);
  return bytes;
}
