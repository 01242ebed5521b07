import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Throws where a file cannot be written: for want of its folder, because it is a folder, or because it is
 * `input`, which the program reads. That is better known before long work than after it.
 */
export async function checkWritable(file: string, input?: string): Promise<void> {
  const found = await statOf(file);
  if (found?.isDirectory()) throw new Error(`cannot write ${file}: it is a folder`);
  const read = input === undefined ? null : await statOf(input);
  if (found && read && found.dev === read.dev && found.ino === read.ino) {
    throw new Error(`cannot write ${file}: it is the file that is read; name another`);
  }
  // Devices and pipes are written to as they are, without a temporary file in their folder.
  if (found && !found.isFile()) return;
  const folder = dirname(resolve(file));
  await access(folder, constants.W_OK).catch(() => {
    throw new Error(`cannot write ${file}: ${folder} is not a writable folder; create it first`);
  });
}

function statOf(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}
