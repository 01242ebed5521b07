// File names on Linux are bytes. Bytes that are not UTF-8 pass through strings as Python's surrogate escapes
// (PEP 383): byte 0xNN becomes the lone surrogate U+DCNN, which cannot occur in a UTF-8 name.

import { isUtf8 } from 'node:buffer';

const ESCAPED = /([\udc80-\udcff])/u;

/** The string form of a file name. */
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

/** Converts a path from this package to what Node's `fs` takes: bytes if it is not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (!ESCAPED.test(path)) return path;
  // split() with a capture group puts the escapes at odd positions.
  const parts = path.split(ESCAPED).map((part, i) => (i % 2 === 0 ? part : [part.charCodeAt(0) - 0xdc00]));
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  );
}
