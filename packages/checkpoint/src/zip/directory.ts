// Reads the central directory of a zip file by position, so that a file of any size costs no more than its
// directory. Only stored entries are supported, so no entry can expand. Maintained zip packages buffer the
// file or inflate.

import { CheckpointError } from '../errors.js';
import { type ByteSource, readUpTo } from '../files/source.js';
import {
  CENTRAL_ENTRY,
  COUNT_IN_ZIP64,
  ENCRYPTED,
  END,
  END64,
  END64_LOCATOR,
  IN_ZIP64,
  LOCAL_HEADER,
  ZIP64_EXTRA,
} from './format.js';

const MAX_COMMENT = 0xffff;
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
const MAX_ENTRIES = 500_000;

export interface ZipEntry {
  readonly name: string;
  /** Bytes of its content in the file. */
  readonly size: number;
  /** CRC-32 of the content; 0 if the writer left it out. */
  readonly crc32: number;
  /** True if the content is stored uncompressed; compressed content cannot be read. */
  readonly stored: boolean;
  /** Offset of its local header. */
  readonly header: number;
  /** Offset of the next entry, or of the directory; the content must end before it. */
  readonly limit: number;
}

export type ZipDirectory = ReadonlyMap<string, ZipEntry>;

/**
 * Reads the directory of a zip file.
 *
 * @throws CheckpointError if it is truncated or damaged, or has encrypted, overlapping or identically named
 * entries
 */
export async function readZipDirectory(source: ByteSource): Promise<ZipDirectory> {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${source.path} cannot be read as a zip file: ${reason}.`);
  };
  const { count, start, size } = await findDirectory(source, fail);
  if (size > MAX_DIRECTORY_BYTES || count > MAX_ENTRIES) fail(`its directory is too large (${size} bytes)`);
  if (start + size > source.size) fail('it is truncated or damaged');
  const bytes = await readUpTo(source, size, start);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_ENTRY.bytes > bytes.byteLength || bytes.readUInt32LE(at) !== CENTRAL_ENTRY.signature) {
      fail('its directory is damaged');
    }
    const lengths = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const next = at + CENTRAL_ENTRY.bytes + lengths.reduce((sum, length) => sum + length, 0);
    if (next > bytes.byteLength) fail('its directory is damaged');
    entries.push(parseEntry(bytes.subarray(at, next), start, fail));
    at = next;
  }
  return indexEntries(entries, start, fail);
}

type Fail = (reason: string) => never;

interface Place {
  readonly count: number;
  readonly start: number;
  readonly size: number;
}

async function findDirectory(source: ByteSource, fail: Fail): Promise<Place> {
  const tailStart = Math.max(0, source.size - END.bytes - MAX_COMMENT - END64_LOCATOR.bytes);
  const tail = await readUpTo(source, source.size - tailStart, tailStart);
  for (let at = tail.byteLength - END.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END.signature) continue;
    // The comment must end exactly at the end of the file, or the signature belongs to something else.
    if (tail.readUInt16LE(at + 20) !== tail.byteLength - at - END.bytes) continue;
    const place = {
      count: tail.readUInt16LE(at + 10),
      size: tail.readUInt32LE(at + 12),
      start: tail.readUInt32LE(at + 16),
    };
    const locator = at - END64_LOCATOR.bytes;
    if (locator < 0 || tail.readUInt32LE(locator) !== END64_LOCATOR.signature) {
      const needs64 = place.count === COUNT_IN_ZIP64 || place.size === IN_ZIP64 || place.start === IN_ZIP64;
      return needs64 ? fail('its directory is damaged') : place;
    }
    return readEnd64(source, Number(tail.readBigUInt64LE(locator + 8)), fail);
  }
  return fail('it has no directory at its end, so it is truncated or not a zip file');
}

async function readEnd64(source: ByteSource, at: number, fail: Fail): Promise<Place> {
  if (!(at <= source.size - END64.bytes)) return fail('its directory is damaged');
  const bytes = await readUpTo(source, END64.bytes, at);
  if (bytes.byteLength < END64.bytes || bytes.readUInt32LE(0) !== END64.signature) {
    return fail('its directory is damaged');
  }
  const [count, size, start] = [32, 40, 48].map((field) => Number(bytes.readBigUInt64LE(field)));
  return { count: count ?? 0, size: size ?? 0, start: start ?? 0 };
}

function parseEntry(bytes: Buffer, directory: number, fail: Fail): ZipEntry {
  const flags = bytes.readUInt16LE(8);
  const method = bytes.readUInt16LE(10);
  const nameEnd = CENTRAL_ENTRY.bytes + bytes.readUInt16LE(28);
  const name = bytes.toString('utf8', CENTRAL_ENTRY.bytes, nameEnd);
  const shown = JSON.stringify(name.slice(0, 200));
  if (flags & ENCRYPTED) fail(`its entry ${shown} is encrypted`);
  const stored = method === 0;
  const fields = {
    size: bytes.readUInt32LE(24),
    packed: bytes.readUInt32LE(20),
    header: bytes.readUInt32LE(42),
  };
  const wide = zip64Fields(bytes.subarray(nameEnd, nameEnd + bytes.readUInt16LE(30)));
  const take = (value: number): number => (value === IN_ZIP64 ? (wide.shift() ?? Number.NaN) : value);
  // In this order, and only those that do not fit.
  const [size, packed, header] = [take(fields.size), take(fields.packed), take(fields.header)];
  if (!((size === packed || !stored) && header + LOCAL_HEADER.bytes + packed <= directory)) {
    fail(`its entry ${shown} does not lie before the directory`);
  }
  return { name, size: packed, stored, crc32: bytes.readUInt32LE(16), header, limit: directory };
}

/** The 64-bit numbers of the zip64 extra field, if there is one. */
function zip64Fields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === ZIP64_EXTRA) {
      const numbers: number[] = [];
      for (let field = at + 4; field + 8 <= Math.min(end, extra.byteLength); field += 8) {
        numbers.push(Number(extra.readBigUInt64LE(field)));
      }
      return numbers;
    }
    at = end;
  }
  return [];
}

/** Indexes entries by name; every entry must end before the next begins. */
function indexEntries(entries: ZipEntry[], directory: number, fail: Fail): ZipDirectory {
  const byName = new Map<string, ZipEntry>();
  entries.sort((a, b) => a.header - b.header);
  for (const [i, entry] of entries.entries()) {
    const limit = entries[i + 1]?.header ?? directory;
    const shown = JSON.stringify(entry.name.slice(0, 200));
    if (entry.header + LOCAL_HEADER.bytes + entry.size > limit) fail(`its entry ${shown} overlaps the next`);
    if (byName.has(entry.name)) fail(`it has two entries ${shown}`);
    byName.set(entry.name, { ...entry, limit });
  }
  return byName;
}

/**
 * Offset of an entry's content, from its local header.
 *
 * @throws CheckpointError if the header does not match the directory, or the content is compressed
 */
export async function contentOf(source: ByteSource, entry: ZipEntry): Promise<number> {
  if (!entry.stored) {
    throw new CheckpointError(
      `${source.path} cannot be read: its entry ${JSON.stringify(entry.name.slice(0, 200))} is compressed; PyTorch stores entries uncompressed.`,
    );
  }
  const nameBytes = Buffer.from(entry.name, 'utf8');
  const head = await readUpTo(source, LOCAL_HEADER.bytes + nameBytes.byteLength, entry.header);
  const agrees =
    head.byteLength === LOCAL_HEADER.bytes + nameBytes.byteLength &&
    head.readUInt32LE(0) === LOCAL_HEADER.signature &&
    head.readUInt16LE(8) === 0 &&
    head.readUInt16LE(26) === nameBytes.byteLength &&
    head.subarray(LOCAL_HEADER.bytes).equals(nameBytes);
  const start = agrees ? entry.header + head.byteLength + head.readUInt16LE(28) : Number.NaN;
  if (!(start + entry.size <= entry.limit)) {
    throw new CheckpointError(
      `${source.path} is damaged: the header of its entry ${JSON.stringify(entry.name.slice(0, 200))} does not match the directory.`,
    );
  }
  return start;
}
