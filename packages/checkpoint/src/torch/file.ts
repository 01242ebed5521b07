import type { HostTensor } from '@inplace-abn/tensor';
import { assertLittleEndianHost } from '../check-tensor.js';
import { CheckpointError, reasonOf } from '../errors.js';
import { type ByteSource, openSource, readUpTo } from '../files/source.js';
import { PICKLE_LIMITS, type PickleLimits } from '../pickle/limits.js';
import type { TensorRef } from '../pickle/objects.js';
import { mapTensors, type TorchTree, type TorchValue, tensorsIn } from '../pickle/value.js';
import type { TensorStream } from '../tensor-stream.js';
import type { TorchContainer, TorchFormat } from './container.js';
import { endOfLegacyMagic, LEGACY_MAGIC_BYTES, openLegacyContainer } from './legacy-container.js';
import { readTensors, streamTensor } from './materialize.js';
import { openZipContainer } from './zip-container.js';

/** Options of reading a torch.save file. */
export interface TorchReadOptions {
  /** Resource limits of the pickle. The defaults are far above any real checkpoint. */
  readonly limits?: Partial<PickleLimits>;
  /**
   * Maximum total bytes of all tensors. Default: four times the file, at least 64 MiB. Only views that repeat
   * elements take more than the file.
   */
  readonly maxTensorBytes?: number;
}

const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/** Detects the container of a file from its first bytes; undefined if there is none. */
export function torchFormatOf(start: Buffer): TorchFormat | undefined {
  if (start.subarray(0, ZIP_SIGNATURE.byteLength).equals(ZIP_SIGNATURE)) return 'torch-zip';
  return endOfLegacyMagic(start) === undefined ? undefined : 'torch-legacy';
}

/**
 * A file of torch.save whose pickle has been run by the restricted machine. Tensors are references with dtype
 * and shape until they are read. Close it after use.
 */
export class TorchFile {
  private constructor(
    private readonly source: ByteSource,
    private readonly container: TorchContainer,
    private readonly options: TorchReadOptions,
  ) {}

  /**
   * Opens a file and checks everything except the contents of tensors.
   *
   * @throws CheckpointError naming the file and what is wrong with it
   */
  static async open(path: string, options: TorchReadOptions = {}): Promise<TorchFile> {
    const source = await openSource(path);
    try {
      return await TorchFile.over(source, options);
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /**
   * Reads from a source that is already open; {@link close} closes it.
   *
   * @throws CheckpointError if the bytes are not a file of torch.save
   */
  static async over(source: ByteSource, options: TorchReadOptions = {}): Promise<TorchFile> {
    assertLittleEndianHost();
    const limits = { ...PICKLE_LIMITS, ...options.limits };
    const format = torchFormatOf(await readUpTo(source, LEGACY_MAGIC_BYTES, 0));
    if (!format) throw new CheckpointError(`${source.path} is not a torch.save file.`);
    const open = format === 'torch-zip' ? openZipContainer : openLegacyContainer;
    return new TorchFile(source, await open(source, limits), options);
  }

  /** Path the file was opened by. */
  get path(): string {
    return this.source.path;
  }

  /** Container of the file. */
  get format(): TorchFormat {
    return this.container.format;
  }

  private get limit(): number {
    return this.options.maxTensorBytes ?? Math.max(4 * this.source.size, 64 * 2 ** 20);
  }

  /** The saved value, with references for tensors. */
  get value(): TorchTree<TensorRef> {
    return this.container.value;
  }

  /**
   * Reads tensors, all or none. Equal views of a storage become one object; every other tensor is row-major
   * in memory of its own.
   *
   * @throws CheckpointError if the file is damaged or its tensors exceed the limit
   */
  async readTensors(refs: Iterable<TensorRef>): Promise<ReadonlyMap<TensorRef, HostTensor>> {
    const { source, container, limit } = this;
    try {
      return await readTensors(source, refs, container.storages, limit);
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw new CheckpointError(`Cannot read ${source.path}: ${reasonOf(error)}.`, { cause: error });
    }
  }

  /** A tensor as a stream, readable while the file is open. */
  stream(ref: TensorRef): TensorStream {
    return streamTensor(this.source, ref, this.container.storages, this.limit);
  }

  /** Reads the saved value and its tensors (see {@link readTensors}). */
  async readAll(): Promise<TorchValue> {
    const tensors = await this.readTensors(tensorsIn(this.value));
    return mapTensors<TensorRef, HostTensor>(this.value, (ref) => tensors.get(ref) ?? null);
  }

  /** Closes the file; tensors that were not read can no longer be read. */
  async close(): Promise<void> {
    await this.source.close();
  }
}

/**
 * Reads a file of torch.save, in the zip container or as a legacy stream. Runs no code of the file: it builds
 * only tensors and plain containers; everything else is opaque.
 *
 * @throws CheckpointError naming the file and what is wrong with it
 */
export async function readTorch(path: string, options: TorchReadOptions = {}): Promise<TorchValue> {
  const file = await TorchFile.open(path, options);
  try {
    return await file.readAll();
  } finally {
    await file.close();
  }
}
