// Atomic replacement of a file: whoever opens the path sees the old content or all of the new, whatever happens in
// between. Existing packages buffer the whole content or leave the folder entry unsynchronized; checkpoints are
// large and must survive a power cut, so both are done here.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, codeOf, reasonOf } from '../errors.js';

/** What a file is to hold: text (UTF-8), bytes, or bytes in pieces. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** One write call takes at most 2 GiB; smaller slices also let other work through between them. */
const SLICE_BYTES = 16 * 2 ** 20;

/** Age at which a temporary file is taken for the remains of a killed process: a live one touches its own constantly. */
export const STALE_MS = 10 * 60 * 1000;

const TEMPORARY = /^\.(.+)\.[0-9a-f]{16}\.tmp$/;

/** A name that no other writer has, hidden, in the folder of `path` so that the rename stays in one file system. */
function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.byteLength; ) {
    const length = Math.min(SLICE_BYTES, bytes.byteLength - start);
    start += (await file.write(bytes, start, length)).bytesWritten;
  }
}

async function writeContent(file: FileHandle, content: FileContent): Promise<void> {
  if (typeof content === 'string') return writeAll(file, Buffer.from(content, 'utf8'));
  if (content instanceof Uint8Array) return writeAll(file, content);
  for await (const chunk of content) await writeAll(file, chunk);
}

/** Makes renames in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and its renames need no such call.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot synchronize a folder; the file itself is already safe.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

async function replaceBy(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  // A symbolic link stays one: its target is what gets replaced.
  const target = await realpath(path).catch(() => path);
  const temporary = temporaryFor(target);
  try {
    await make(temporary);
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    const missing = codeOf(error) === 'ENOENT' && !existsSync(dirname(target));
    const reason = missing ? `the folder ${dirname(target)} does not exist` : reasonOf(error);
    throw new CheckpointError(`Cannot write ${path}: ${reason}.`, { cause: error });
  } finally {
    // Gone after a rename, except where both names were links to one file: then rename does nothing.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a file so that it is either replaced whole and durably, or left as it was: temporary file in the same
 * folder, fsync, rename, fsync of the folder. Pieces are written as they come, never gathered in memory.
 *
 * @throws CheckpointError naming `path`; the temporary file is removed, the old content stays
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  await replaceBy(path, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      await writeContent(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Gives `path` the content of `source` atomically: by a hard link, or a copy where there are none. */
export async function linkFileAtomic(source: string, path: string): Promise<void> {
  await replaceBy(path, async (temporary) => {
    try {
      await link(source, temporary);
    } catch (error) {
      if (!['EPERM', 'ENOTSUP', 'EXDEV', 'EMLINK', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
      await copyFile(source, temporary);
      await syncFile(temporary);
    }
  });
}

/**
 * Removes what atomic writers that were killed left behind in a folder.
 *
 * @param olderThanMs age from which a temporary file counts as abandoned: {@link STALE_MS}, or 0 where nobody else can write
 * @param of whether a file's temporary files are meant; default: all are
 * @returns the names removed
 */
export async function removeStaleTemporaries(
  folder: string,
  olderThanMs: number,
  of: (name: string) => boolean = () => true,
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder)) {
    const file = TEMPORARY.exec(name)?.[1];
    if (file === undefined || !of(file)) continue;
    const path = join(folder, name);
    const modified = await stat(path).then(
      (stats) => stats.mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - modified < olderThanMs) continue;
    await rm(path, { force: true });
    removed.push(name);
  }
  return removed;
}
