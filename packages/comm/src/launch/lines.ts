import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Forwards whole lines, so that the output of several processes does not interleave within a line. */
export function passLines(from: Readable, to: { write(text: string): unknown }, prefix: string): void {
  createInterface({ input: from, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    to.write(`${prefix}${line}\n`);
  });
}
