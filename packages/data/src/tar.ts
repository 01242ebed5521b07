// Tar archives (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU): members one after the other, each a header of 512
// bytes and data padded to as many; two blocks of zeros end the archive.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { reasonOf, ShardError } from './errors.js';
import { systemPath } from './file-names.js';

/** A file in an archive. */
export interface TarMember {
  /** Without a leading `./`, which `tar cf FILE -C DIR .` writes. */
  readonly name: string;
  /** Where its header begins; errors name it. */
  readonly header: number;
  /** Where its data begins, and its bytes. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Bytes that are read at once: small members and the headers around them. */
const AHEAD = 4096;

/**
 * Calls `each` for every file of an archive, in order. Reads only headers, and the data of members whose
 * `read` is called.
 *
 * @throws ShardError naming member and offset where the archive is damaged or truncated
 */
export function scanTar(path: string, each: (member: TarMember, read: () => Buffer) => void): void {
  const file = open(path);
  try {
    const end = fstatSync(file).size;
    const window = new Window(file);
    let last: TarMember | undefined;
    let longName: string | undefined;
    for (let at = 0; ; ) {
      if (at + BLOCK > end) throw cutAt(path, last, at, end);
      const header = window.read(at, BLOCK);
      if (header.every((byte) => byte === 0)) return;
      checkSum(path, header, at);
      const type = String.fromCharCode(header[156] ?? 0);
      const member = {
        name: (longName ?? nameOf(header)).replace(/^(\.\/)+/, ''),
        header: at,
        offset: at + BLOCK,
        size: sizeOf(header),
      };
      if (member.offset + member.size > end) {
        const there = Math.max(0, end - member.offset);
        throw new ShardError(
          path,
          `${placeOf(member)} is truncated: it has ${member.size} bytes, but only ${there} are there`,
        );
      }
      const read = () => window.read(member.offset, member.size);
      longName = undefined;
      if (type === 'L') longName = text(read());
      else if (type === 'x') longName = paxPath(read());
      else if (type === '0' || type === '\0' || type === '7') {
        each(member, read);
        last = member;
      }
      at = member.offset + Math.ceil(member.size / BLOCK) * BLOCK;
    }
  } finally {
    closeSync(file);
  }
}

/** A member as errors name it. */
export function placeOf({ name, header }: Pick<TarMember, 'name' | 'header'>): string {
  return `member ${name} at byte ${header}`;
}

function open(path: string): number {
  try {
    return openSync(systemPath(path), 'r');
  } catch (error) {
    throw new ShardError(path, `cannot be read (${reasonOf(error)})`);
  }
}

function cutAt(path: string, last: TarMember | undefined, at: number, end: number): ShardError {
  if (last === undefined && end === 0) return new ShardError(path, 'is empty');
  const after = last === undefined ? '' : ` after ${placeOf(last)}`;
  return new ShardError(
    path,
    `has no end mark at byte ${at}${after}: it is truncated, or still being written`,
  );
}

/** Reads through a small buffer. */
class Window {
  private readonly buffer = Buffer.allocUnsafe(AHEAD);
  private start = 0;
  private filled = 0;

  constructor(private readonly file: number) {}

  read(at: number, size: number): Buffer {
    if (size > AHEAD) return readAt(this.file, Buffer.allocUnsafe(size), at);
    if (at < this.start || at + size > this.start + this.filled) {
      this.start = at;
      this.filled = readAt(this.file, this.buffer, at).length;
    }
    return this.buffer.subarray(at - this.start, at - this.start + size);
  }
}

/** Fills `buffer` from `at` on, as far as the file goes. */
export function readAt(file: number, buffer: Buffer, at: number): Buffer {
  let filled = 0;
  while (filled < buffer.length) {
    const bytes = readSync(file, buffer, filled, buffer.length - filled, at + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return buffer.subarray(0, filled);
}

/** Checks the sum of a header's bytes, in which those of the sum itself count as spaces. */
function checkSum(path: string, header: Buffer, at: number): void {
  let sum = 8 * 0x20;
  for (const [i, byte] of header.entries()) if (i < 148 || i >= 156) sum += byte;
  if (sum === octal(header, 148, 8)) return;
  throw new ShardError(
    path,
    `has no member at byte ${at}: the archive is damaged, or compressed, which is not supported`,
  );
}

function nameOf(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function sizeOf(header: Buffer): number {
  // GNU: the first bit marks a binary number.
  if (((header[124] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(128));
  return octal(header, 124, 12);
}

function octal(header: Buffer, at: number, length: number): number {
  return Number.parseInt(text(header.subarray(at, at + length)).trim(), 8) || 0;
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** The name in a pax header, records of `LENGTH KEY=VALUE\n`. */
function paxPath(records: Buffer): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records.toString())?.[1];
}
