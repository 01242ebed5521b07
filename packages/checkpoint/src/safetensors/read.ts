import { type HostTensor, tensorBytes, tensorFromBuffer } from '@inplace-abn/tensor';
import { assertLittleEndianHost } from '../check-tensor.js';
import { CheckpointError } from '../errors.js';
import { type ByteSource, openSource, readInto, readPieces, readUpTo } from '../files/source.js';
import type { TensorStream } from '../tensor-stream.js';
import { addToChecksum, resumeChecksum } from './checksum.js';
import {
  type Header,
  LENGTH_BYTES,
  type Metadata,
  parseHeader,
  parseHeaderLength,
  type TensorEntry,
} from './header.js';

/** An open safetensors file with a verified header. Tensors are read on demand. Close it after use. */
export class SafetensorsFile {
  private constructor(
    private readonly source: ByteSource,
    private readonly head: Buffer,
    private readonly header: Header,
  ) {}

  /**
   * Opens a file and checks its header: size, JSON, dtypes, shapes, offsets, duplicates, and length of the
   * file.
   *
   * @throws CheckpointError naming the file, and the key if one is at fault
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const source = await openSource(path);
    try {
      return await SafetensorsFile.over(source);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** Reads from a source that is already open; {@link close} closes it. */
  static async over(source: ByteSource): Promise<SafetensorsFile> {
    assertLittleEndianHost();
    const { head, header } = await readHead(source);
    return new SafetensorsFile(source, head, header);
  }

  /** Path the file was opened by. */
  get path(): string {
    return this.source.path;
  }

  /** Free-form strings next to the tensors. */
  get metadata(): Metadata {
    return this.header.metadata;
  }

  /** Dtype, shape and position of each tensor, in file order. */
  get entries(): ReadonlyMap<string, TensorEntry> {
    return this.header.entries;
  }

  /**
   * Reads one tensor.
   *
   * @throws CheckpointError if the file has no tensor of this name or it cannot be read
   */
  async read(name: string): Promise<HostTensor> {
    const entry = this.header.entries.get(name);
    if (!entry) throw new CheckpointError(`${this.path} has no tensor "${name}".`);
    const buffer = new ArrayBuffer(entry.end - entry.begin);
    const position = this.head.byteLength + entry.begin;
    await readInto(this.source, new Uint8Array(buffer), position, `tensor "${name}"`);
    return tensorFromBuffer({ dtype: entry.dtype, shape: entry.shape }, buffer);
  }

  /** All tensors as streams, readable while the file is open. */
  streams(): Map<string, TensorStream> {
    const streams = new Map<string, TensorStream>();
    for (const [name, { dtype, shape, begin, end }] of this.header.entries) {
      const position = this.head.byteLength + begin;
      const pieces = () => readPieces(this.source, position, end - begin, `tensor "${name}"`);
      streams.set(name, { dtype, shape, pieces });
    }
    return streams;
  }

  /**
   * Verifies the file's checksum.
   *
   * @throws CheckpointError if the checksum does not match or there is none
   */
  async verify(): Promise<void> {
    const { hash, expected } = resumeChecksum(this.path, this.head, this.metadata);
    const { byteLength } = this.head;
    for await (const piece of readPieces(this.source, byteLength, this.header.dataBytes, 'it')) {
      await addToChecksum(hash, piece);
    }
    this.compare(hash.digest('hex'), expected);
  }

  private compare(found: string, expected: string): void {
    if (found === expected) return;
    throw new CheckpointError(`${this.path} is damaged: its content does not match its checksum.`);
  }

  /**
   * Reads all tensors. `verify` also verifies the checksum; a file without one is then an error.
   *
   * @throws CheckpointError if the checksum does not match
   */
  async readAll({ verify = false }: { verify?: boolean } = {}): Promise<Map<string, HostTensor>> {
    const check = verify ? resumeChecksum(this.path, this.head, this.metadata) : undefined;
    const tensors = new Map<string, HostTensor>();
    for (const name of this.header.entries.keys()) {
      const tensor = await this.read(name);
      if (check) await addToChecksum(check.hash, tensorBytes(tensor));
      tensors.set(name, tensor);
    }
    if (check) this.compare(check.hash.digest('hex'), check.expected);
    return tensors;
  }

  /** Closes the file; tensors that were not read can no longer be read. */
  async close(): Promise<void> {
    await this.source.close();
  }
}

async function readHead(source: ByteSource): Promise<{ head: Buffer; header: Header }> {
  const { path, size } = source;
  const length = parseHeaderLength(path, await readUpTo(source, LENGTH_BYTES, 0), size);
  const head = Buffer.alloc(LENGTH_BYTES + length);
  await readInto(source, head, 0, 'its header');
  return { head, header: parseHeader(path, head.subarray(LENGTH_BYTES), size - head.byteLength) };
}

/** Result of {@link readSafetensors}. */
export interface SafetensorsContent {
  /** Tensors by name, in the order of the file's header. */
  readonly tensors: Map<string, HostTensor>;
  /** Strings of the header's `__metadata__`. */
  readonly metadata: Metadata;
}

/**
 * Reads a whole safetensors file.
 *
 * @param options.verify also verifies the checksum; a file without one is an error
 * @throws CheckpointError naming the file, and the key if one is at fault
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
