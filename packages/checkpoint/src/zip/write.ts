// Writes a zip file of stored entries front to back in one pass. Contents are aligned as torch.save does, so
// that a reader may map them into memory. Maintained zip packages compress, copy or do not align.

import { crc32Of } from './crc32.js';
import {
  CENTRAL_ENTRY,
  END,
  END64,
  END64_LOCATOR,
  IN_ZIP64,
  LOCAL_HEADER,
  UTF8_NAME,
  ZIP64_EXTRA,
} from './format.js';

/** Bytes in chunks, the same on every iteration. */
export interface ZipPieces {
  readonly byteLength: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/** A name and its content. */
export type ZipContent = readonly [name: string, content: Uint8Array | ZipPieces];

interface Written {
  readonly name: Buffer;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/** Alignment of contents in bytes. */
const ALIGNMENT = 64;
/** Id of the padding extra field, as in PyTorch. */
const PADDING_EXTRA = 0x4246;
const EXTRA_HEAD = 4;
const VERSION_STORED = 10;
const VERSION_ZIP64 = 45;
/** 1 January 1980, the first date of the format. Fixed, so that equal contents make equal files. */
const DATE = 0x21;

/**
 * Encodes a zip file in chunks. Contents are yielded without a copy and must not change until the last chunk
 * is consumed. The checksum precedes the content, so chunked content is read twice.
 */
export async function* encodeZip(contents: Iterable<ZipContent>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for (const [name, content] of contents) {
    const entry = {
      name: Buffer.from(name, 'utf8'),
      size: content.byteLength,
      crc: await checksumOf(content),
      offset,
    };
    const header = localHeader(entry);
    yield header;
    if (content instanceof Uint8Array) yield content;
    else yield* content.pieces();
    written.push(entry);
    offset += header.byteLength + content.byteLength;
  }
  const directory = Buffer.concat(written.map(centralEntry));
  yield directory;
  yield endRecords(written.length, directory.byteLength, offset);
}

async function checksumOf(content: Uint8Array | ZipPieces): Promise<number> {
  if (content instanceof Uint8Array) return crc32Of(content);
  let crc = 0;
  for await (const piece of content.pieces()) crc = await crc32Of(piece, crc);
  return crc;
}

const isWide = (value: number): boolean => value >= IN_ZIP64;

function zip64Extra(numbers: readonly number[]): Buffer {
  if (numbers.length === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(EXTRA_HEAD + 8 * numbers.length);
  extra.writeUInt16LE(ZIP64_EXTRA, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  for (const [i, number] of numbers.entries()) extra.writeBigUInt64LE(BigInt(number), EXTRA_HEAD + 8 * i);
  return extra;
}

/** Writes the fields that local header and directory share, from the version on. */
function writeCommon(bytes: Buffer, at: number, { name, size, crc, offset }: Written, extra: number): void {
  bytes.writeUInt16LE(isWide(size) || isWide(offset) ? VERSION_ZIP64 : VERSION_STORED, at);
  bytes.writeUInt16LE(UTF8_NAME, at + 2);
  bytes.writeUInt16LE(DATE, at + 8);
  bytes.writeUInt32LE(crc, at + 10);
  bytes.writeUInt32LE(Math.min(size, IN_ZIP64), at + 14);
  bytes.writeUInt32LE(Math.min(size, IN_ZIP64), at + 18);
  bytes.writeUInt16LE(name.byteLength, at + 22);
  bytes.writeUInt16LE(extra, at + 24);
}

function localHeader(entry: Written): Buffer {
  const { name, size, offset } = entry;
  const wide = zip64Extra(isWide(size) ? [size, size] : []);
  const unpadded = offset + LOCAL_HEADER.bytes + name.byteLength + wide.byteLength + EXTRA_HEAD;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  const fixed = Buffer.alloc(LOCAL_HEADER.bytes);
  fixed.writeUInt32LE(LOCAL_HEADER.signature, 0);
  writeCommon(fixed, 4, entry, wide.byteLength + EXTRA_HEAD + padding);
  const pad = Buffer.alloc(EXTRA_HEAD + padding, 'Z');
  pad.writeUInt16LE(PADDING_EXTRA, 0);
  pad.writeUInt16LE(padding, 2);
  return Buffer.concat([fixed, name, wide, pad]);
}

function centralEntry(entry: Written): Buffer {
  const { name, size, offset } = entry;
  const wide = zip64Extra([...(isWide(size) ? [size, size] : []), ...(isWide(offset) ? [offset] : [])]);
  const fixed = Buffer.alloc(CENTRAL_ENTRY.bytes);
  fixed.writeUInt32LE(CENTRAL_ENTRY.signature, 0);
  fixed.writeUInt16LE(VERSION_ZIP64, 4);
  writeCommon(fixed, 6, entry, wide.byteLength);
  fixed.writeUInt32LE(Math.min(offset, IN_ZIP64), 42);
  return Buffer.concat([fixed, name, wide]);
}

/** Always includes the zip64 records, as torch.save does. */
function endRecords(count: number, size: number, start: number): Buffer {
  const bytes = Buffer.alloc(END64.bytes + END64_LOCATOR.bytes + END.bytes);
  bytes.writeUInt32LE(END64.signature, 0);
  bytes.writeBigUInt64LE(BigInt(END64.bytes - 12), 4);
  bytes.writeUInt16LE(VERSION_ZIP64, 12);
  bytes.writeUInt16LE(VERSION_ZIP64, 14);
  for (const [i, number] of [count, count, size, start].entries())
    bytes.writeBigUInt64LE(BigInt(number), 24 + 8 * i);
  const locator = END64.bytes;
  bytes.writeUInt32LE(END64_LOCATOR.signature, locator);
  bytes.writeBigUInt64LE(BigInt(start + size), locator + 8);
  bytes.writeUInt32LE(1, locator + 16);
  const end = locator + END64_LOCATOR.bytes;
  bytes.writeUInt32LE(END.signature, end);
  bytes.writeUInt16LE(Math.min(count, 0xffff), end + 8);
  bytes.writeUInt16LE(Math.min(count, 0xffff), end + 10);
  bytes.writeUInt32LE(Math.min(size, IN_ZIP64), end + 12);
  bytes.writeUInt32LE(Math.min(start, IN_ZIP64), end + 16);
  return bytes;
}
