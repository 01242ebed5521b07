// Linux names are bytes. What is not UTF-8 in one travels through strings as Python's surrogate escapes (PEP 383): the
// byte 0xNN becomes the lone surrogate U+DCNN, which no UTF-8 name contains.

import { isUtf8 } from 'node:buffer';

const ESCAPED = /([\udc80-\udcff])/u;

/** The string that stands for a file name. */
export function decodeName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const sequence = bytes.subarray(at, at + length);
    const valid = isUtf8(sequence);
    name += valid ? sequence.toString() : String.fromCharCode(0xdc00 + lead);
    at += valid ? length : 1;
  }
  return name;
}

/** The form of a path from this package that the file system takes: bytes where it is not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (!ESCAPED.test(path)) return path;
  // The parts at odd positions are the escapes.
  const parts = path.split(ESCAPED).map((part, i) => (i % 2 === 0 ? part : [part.charCodeAt(0) - 0xdc00]));
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  );
}
