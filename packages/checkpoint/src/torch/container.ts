import type { TensorRef } from '../pickle/objects.js';
import type { TorchTree } from '../pickle/value.js';

export type TorchFormat = 'torch-zip' | 'torch-legacy';

/** Where a storage lies in the file. */
export interface StoragePlace {
  readonly position: number;
  readonly bytes: number;
  /** CRC-32 of the bytes, where the container keeps one. */
  readonly crc32?: number;
}

/** A container whose pickle has been run and whose storages have been found; no tensor has been read. */
export interface TorchContainer {
  readonly format: TorchFormat;
  readonly value: TorchTree<TensorRef>;
  /** By key. */
  readonly storages: ReadonlyMap<string, StoragePlace>;
}
