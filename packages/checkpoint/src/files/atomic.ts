// Atomic replacement of a file: a reader of the path sees either the old or the complete new content,
// whatever happens in between. Existing packages buffer the whole content or do not sync the folder.
// Checkpoints are large and must survive a power failure, so we do both here.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, codeOf, reasonOf } from '../errors.js';

/** Content of a file: text (UTF-8), bytes, or chunks of bytes. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** One write call takes at most 2 GiB. Smaller slices also let other work run in between. */
const SLICE_BYTES = 16 * 2 ** 20;

/** Temporary files this old belong to a killed process: a live one touches its own constantly. */
export const STALE_MS = 10 * 60 * 1000;

const TEMPORARY = /^\.(.+)\.[0-9a-f]{16}\.tmp$/;

/** A unique hidden name in the folder of `path`, so that the rename stays within one file system. */
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
  // Windows cannot open a folder and does not need this.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot sync a folder. The file itself is already safe.
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

async function replaceBy(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  // Keep a symbolic link and replace its target.
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
    // Usually gone after the rename. If both names link to one file, rename does nothing.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Open files of a process. The program that opened one, such as a shell for `>>`, keeps writing to it. */
const DESCRIPTOR = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/;

/** True for devices, pipes and sockets, because a rename would replace /dev/null by a regular file. */
async function isSpecial(path: string): Promise<boolean> {
  if (DESCRIPTOR.test(path)) return true;
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

async function writeInto(path: string, content: FileContent): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      await writeContent(file, content);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CheckpointError(`Cannot write ${path}: ${reasonOf(error)}.`, { cause: error });
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
 * Writes a file atomically and durably: temporary file in the same folder, fsync, rename, fsync of the
 * folder. Chunks are written as they come and never collected in memory. A device or a pipe is written
 * directly, not replaced.
 *
 * @throws CheckpointError naming `path`. The old content stays and the temporary file is removed.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  if (await isSpecial(path)) return writeInto(path, content);
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

/**
 * Gives `path` the content of `source` atomically, by a hard link or, if that is not supported, by a copy.
 *
 * @throws CheckpointError naming `path`
 */
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
 * Removes temporary files that killed writers left in a folder.
 *
 * @param olderThanMs minimum age: `STALE_MS`, or 0 if nobody else can write to the folder
 * @param of selects whose temporary files to remove, by file name; default: all
 * @returns the names of the removed files
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
