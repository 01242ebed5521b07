import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Passes on whole lines, so that those of several processes do not run into each other. */
export function passLines(from: Readable, to: { write(text: string): unknown }, prefix: string): void {
  createInterface({ input: from, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    to.write(`${prefix}${line}\n`);
  });
}
