import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Throws where a file cannot be written for want of its folder: that is better known before long work than after it. */
export async function checkWritable(file: string): Promise<void> {
  const folder = dirname(resolve(file));
  await access(folder, constants.W_OK).catch(() => {
    throw new Error(`cannot write ${file}: ${folder} is not a writable folder; create it first`);
  });
}
