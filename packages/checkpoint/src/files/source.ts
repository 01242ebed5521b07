// Positioned reads: headers and tensors are read where they are, and nothing else of the file is held in
// memory.

import { type FileHandle, open } from 'node:fs/promises';
import { CheckpointError, codeOf, reasonOf } from '../errors.js';

/** Bytes with random access, usually a file. */
export interface ByteSource {
  /** Names the source in errors. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Fills `bytes` from `position`; returns the number of bytes read, which is smaller at the end of the file.
   */
  read(bytes: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** One read call takes at most 2 GiB. Smaller slices also let other work run in between. */
const SLICE_BYTES = 64 * 2 ** 20;

/**
 * Opens a file for positioned reads. Close it after use.
 *
 * @throws CheckpointError if the file does not exist, is a folder or cannot be read
 */
export async function openSource(path: string): Promise<ByteSource> {
  const { file, size } = await openFile(path);
  return {
    path,
    size,
    read: (bytes, position) => readFrom(file, bytes, position),
    close: () => file.close(),
  };
}

/**
 * Like openSource but does not keep the file open: each read opens it and fails if it has changed. For
 * tensors that are read later.
 *
 * @throws CheckpointError as openSource does
 */
export async function detachedSource(path: string): Promise<ByteSource> {
  const first = await openFile(path);
  await first.file.close();
  return {
    path,
    size: first.size,
    read: async (bytes, position) => {
      const { file, identity } = await openFile(path);
      try {
        if (identity !== first.identity) {
          throw new CheckpointError(`${path} changed while it was being read; read it again.`);
        }
        return await readFrom(file, bytes, position);
      } finally {
        await file.close();
      }
    },
    close: async () => {},
  };
}

interface OpenFile {
  readonly file: FileHandle;
  readonly size: number;
  /** Differs for another file or other content. */
  readonly identity: string;
}

async function openFile(path: string): Promise<OpenFile> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? 'it is a folder; name a file in it' : 'it is not a regular file';
      throw new CheckpointError(`Cannot read ${path}: ${what}.`);
    }
    const { size, dev, ino, mtimeMs } = stats;
    return { file, size, identity: [dev, ino, mtimeMs, size].join(' ') };
  } catch (error) {
    await file.close();
    throw error instanceof CheckpointError ? error : cannotRead(path, error);
  }
}

async function readFrom(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.byteLength) {
    const length = Math.min(SLICE_BYTES, bytes.byteLength - done);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function cannotRead(path: string, error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error;
  const reason = codeOf(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
  return new CheckpointError(`Cannot read ${path}: ${reason}.`, { cause: error });
}

/**
 * Fills `bytes` from a source.
 *
 * @param what names the content in errors
 * @throws CheckpointError if the source ends early
 */
export async function readInto(
  source: ByteSource,
  bytes: Uint8Array,
  position: number,
  what: string,
): Promise<void> {
  const got = await source.read(bytes, position).catch((error: unknown) => {
    throw cannotRead(source.path, error);
  });
  if (got < bytes.byteLength)
    throw new CheckpointError(`${source.path} was truncated while ${what} was being read.`);
}

/** Chunk size of streams in bytes; a multiple of every element size. */
export const PIECE_BYTES = 4 * 2 ** 20;

/**
 * Reads a range of bytes chunk by chunk through one buffer. A chunk is valid until the next one is requested.
 *
 * @param what names the content in errors
 * @throws CheckpointError if the source ends early
 */
export async function* readPieces(
  source: ByteSource,
  position: number,
  length: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, length));
  for (let done = 0; done < length; done += buffer.byteLength) {
    const piece = buffer.subarray(0, Math.min(buffer.byteLength, length - done));
    await readInto(source, piece, position + done, what);
    yield piece;
  }
}

/** Reads `length` bytes, or fewer at the end of the source. */
export async function readUpTo(source: ByteSource, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, source.size - position)));
  const got = await source.read(bytes, position).catch((error: unknown) => {
    throw cannotRead(source.path, error);
  });
  return bytes.subarray(0, got);
}
