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
import { readTensors, streamTensor } from './materialise.js';
import { openZipContainer } from './zip-container.js';

export interface TorchReadOptions {
  /** What the pickle may ask for; each has a default that real checkpoints stay far below. */
  readonly limits?: Partial<PickleLimits>;
  /**
   * Most bytes of all tensors together. Default: four times the file, and at least 64 MiB; more than the file takes
   * tensors that show the same elements many times.
   */
  readonly maxTensorBytes?: number;
}

const ZIP_SIGNATURE = Buffer.from('PK\x03\x04', 'latin1');

/** The container that a file is by its first bytes, or undefined. */
export function torchFormatOf(start: Buffer): TorchFormat | undefined {
  if (start.subarray(0, ZIP_SIGNATURE.byteLength).equals(ZIP_SIGNATURE)) return 'torch-zip';
  return endOfLegacyMagic(start) === undefined ? undefined : 'torch-legacy';
}

/**
 * A file of torch.save whose pickle has been run by the restricted machine and whose storages have been found. Tensors
 * are references with dtype and shape until they are read. Close it after use.
 */
export class TorchFile {
  private constructor(
    private readonly source: ByteSource,
    private readonly container: TorchContainer,
    private readonly options: TorchReadOptions,
  ) {}

  /**
   * Opens a file and checks all of it but the contents of tensors.
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

  /** The same over bytes that are open already; {@link close} closes them. */
  static async over(source: ByteSource, options: TorchReadOptions = {}): Promise<TorchFile> {
    assertLittleEndianHost();
    const limits = { ...PICKLE_LIMITS, ...options.limits };
    const format = torchFormatOf(await readUpTo(source, LEGACY_MAGIC_BYTES, 0));
    if (!format) throw new CheckpointError(`${source.path} is not a file of torch.save.`);
    const open = format === 'torch-zip' ? openZipContainer : openLegacyContainer;
    return new TorchFile(source, await open(source, limits), options);
  }

  get path(): string {
    return this.source.path;
  }

  get format(): TorchFormat {
    return this.container.format;
  }

  private get limit(): number {
    return this.options.maxTensorBytes ?? Math.max(4 * this.source.size, 64 * 2 ** 20);
  }

  /** What was saved, with references for tensors. */
  get value(): TorchTree<TensorRef> {
    return this.container.value;
  }

  /**
   * Reads tensors, all or none. Those that are one view of a storage in the file are one object here; every other is
   * row-major in memory of its own.
   *
   * @throws CheckpointError if the file is damaged or its tensors are larger than allowed
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

  /** One tensor, to be read piece by piece while the file is open. */
  stream(ref: TensorRef): TensorStream {
    return streamTensor(this.source, ref, this.container.storages, this.limit);
  }

  /** Reads all that was saved, as {@link readTensors} reads its tensors. */
  async readAll(): Promise<TorchValue> {
    const tensors = await this.readTensors(tensorsIn(this.value));
    return mapTensors<TensorRef, HostTensor>(this.value, (ref) => tensors.get(ref) ?? null);
  }

  async close(): Promise<void> {
    await this.source.close();
  }
}

/**
 * Reads a file of torch.save, in the zip container or the legacy stream. Nothing in the file is run: only tensors and
 * plain containers are built, whatever else it names is opaque.
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
