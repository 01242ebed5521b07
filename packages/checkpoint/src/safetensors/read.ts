import { type FileHandle, open } from 'node:fs/promises';
import { CheckpointError, codeOf, reasonOf } from '../errors.js';
import { assertLittleEndianHost, type TensorData, tensorBytes, tensorFromBuffer } from '../tensor-data.js';
import { addToChecksum, resumeChecksum } from './checksum.js';
import {
  type Header,
  LENGTH_BYTES,
  type Metadata,
  parseHeader,
  parseHeaderLength,
  type TensorEntry,
} from './header.js';

const SLICE_BYTES = 64 * 2 ** 20;

/** Reads into the whole of `bytes`; returns how many were there. */
async function readFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.byteLength) {
    const length = Math.min(SLICE_BYTES, bytes.byteLength - done);
    const { bytesRead } = await file.read(bytes, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** An open safetensors file whose header has been checked; tensors are read when asked for. Close it after use. */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly head: Buffer,
    private readonly header: Header,
  ) {}

  /**
   * Opens a file and checks its header: size, JSON, dtypes, shapes, offsets, duplicates, length of the file.
   *
   * @throws CheckpointError naming the file, and the key where one is at fault
   */
  static async open(path: string): Promise<SafetensorsFile> {
    assertLittleEndianHost();
    const file = await open(path, 'r').catch((error: unknown) => {
      const reason = codeOf(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
      throw new CheckpointError(`Cannot read ${path}: ${reason}.`, { cause: error });
    });
    try {
      const { head, header } = await readHead(path, file);
      return new SafetensorsFile(path, file, head, header);
    } catch (error) {
      await file.close();
      if (error instanceof CheckpointError) throw error;
      throw new CheckpointError(`Cannot read ${path}: ${reasonOf(error)}.`, { cause: error });
    }
  }

  /** Free text beside the tensors; empty if there is none. */
  get metadata(): Metadata {
    return this.header.metadata;
  }

  /** Dtype, shape and place of each tensor, in the order of the file. */
  get entries(): ReadonlyMap<string, TensorEntry> {
    return this.header.entries;
  }

  /**
   * Reads one tensor.
   *
   * @throws CheckpointError if there is none of that name or it cannot be read
   */
  async read(name: string): Promise<TensorData> {
    const entry = this.header.entries.get(name);
    if (!entry) throw new CheckpointError(`${this.path} has no tensor "${name}".`);
    const buffer = new ArrayBuffer(entry.end - entry.begin);
    const bytes = new Uint8Array(buffer);
    const got = await readFully(this.file, bytes, this.head.byteLength + entry.begin);
    if (got < bytes.byteLength) {
      throw new CheckpointError(`${this.path} was cut short while tensor "${name}" was read.`);
    }
    return tensorFromBuffer({ dtype: entry.dtype, shape: entry.shape }, buffer);
  }

  /**
   * Reads every tensor.
   *
   * @param options.verify compares the file with its checksum on the way; a file without one is refused
   * @throws CheckpointError if the file does not agree with its checksum
   */
  async readAll({ verify = false }: { verify?: boolean } = {}): Promise<Map<string, TensorData>> {
    const check = verify ? resumeChecksum(this.path, this.head, this.metadata) : undefined;
    const tensors = new Map<string, TensorData>();
    for (const name of this.header.entries.keys()) {
      const tensor = await this.read(name);
      if (check) await addToChecksum(check.hash, tensorBytes(tensor));
      tensors.set(name, tensor);
    }
    if (check && check.hash.digest('hex') !== check.expected) {
      throw new CheckpointError(`${this.path} is damaged: its content does not agree with its checksum.`);
    }
    return tensors;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

async function readHead(path: string, file: FileHandle): Promise<{ head: Buffer; header: Header }> {
  const { size } = await file.stat();
  const prefix = Buffer.alloc(LENGTH_BYTES);
  const got = await readFully(file, prefix, 0);
  const length = parseHeaderLength(path, prefix.subarray(0, got), size);
  const head = Buffer.alloc(LENGTH_BYTES + length);
  if ((await readFully(file, head, 0)) < head.byteLength) {
    throw new CheckpointError(`${path} was cut short while its header was read.`);
  }
  return { head, header: parseHeader(path, head.subarray(LENGTH_BYTES), size - head.byteLength) };
}

/** What {@link readSafetensors} returns. */
export interface SafetensorsContent {
  readonly tensors: Map<string, TensorData>;
  readonly metadata: Metadata;
}

/**
 * Reads a whole safetensors file.
 *
 * @param options.verify compares the file with its checksum; a file without one is refused
 * @throws CheckpointError naming the file, and the key where one is at fault
 */
export async function readSafetensors(
  path: string,
  options: { verify?: boolean } = {},
): Promise<SafetensorsContent> {
  const file = await SafetensorsFile.open(path);
  try {
    return { tensors: await file.readAll(options), metadata: file.metadata };
  } finally {
    await file.close();
  }
}
