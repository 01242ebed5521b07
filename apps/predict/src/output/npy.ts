/** Writes vectors to a NumPy matrix as they arrive, one row per image. */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { UsageError } from '@inplace-abn/core';
import type { Result, Sink } from './result.js';
import { type Target, targetFor } from './stream.js';

/** Fixed, because the number of rows is filled in last. NumPy requires a multiple of 64. */
const HEADER_BYTES = 128;

/** The header of a float32 matrix in NumPy's format, version 1.0, padded to {@link HEADER_BYTES}. */
function npyHeader(rows: number, columns: number): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  header.write(text, 10, 'latin1');
  header[HEADER_BYTES - 1] = 10;
  return header;
}

/** The list of images next to a matrix: FILE.txt for FILE.npy. */
export function listOf(path: string): string {
  return path.replace(/(\.npy)?$/, '.txt');
}

/**
 * Writes FILE.npy with one row per image, and FILE.txt with one file name per line. The row of an image that
 * cannot be read is NaN, so that rows match names.
 */
export class Matrix implements Sink {
  private rows = 0;
  private readonly names: Target;

  private constructor(
    private readonly path: string,
    private readonly columns: number,
    private readonly file: FileHandle,
    private readonly temporary: string,
  ) {
    this.names = targetFor(listOf(path));
  }

  /**
   * @param columns length of every vector
   * @throws UsageError for a folder, a device or a pipe
   */
  static async create(path: string, columns: number): Promise<Matrix> {
    const found = await stat(path).catch(() => null);
    if (found && !found.isFile()) {
      throw new UsageError(
        `cannot write ${path}: a matrix needs a regular file, because its number of rows is written last`,
      );
    }
    const temporary = `${path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w');
    await file.write(npyHeader(0, columns));
    return new Matrix(path, columns, file, temporary);
  }

  async add(result: Result): Promise<void> {
    const vector = 'vector' in result ? result.vector : new Float32Array(this.columns).fill(Number.NaN);
    await this.file.write(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
    await this.names.write(`${result.file}\n`);
    this.rows++;
  }

  async close(): Promise<void> {
    await this.file.write(npyHeader(this.rows, this.columns), 0, HEADER_BYTES, 0);
    await this.file.sync();
    await this.file.close();
    await rename(this.temporary, this.path);
    await this.names.close();
  }

  async abandon(error: unknown): Promise<void> {
    await this.file.close();
    await rm(this.temporary, { force: true });
    await this.names.abandon(error);
  }
}
