import type { TensorRef } from '../pickle/objects.js';
import type { TorchTree } from '../pickle/value.js';

/** Container of a torch.save file: the zip archive of PyTorch 1.6 and later, or the older stream. */
export type TorchFormat = 'torch-zip' | 'torch-legacy';

/** Location of a storage in the file. */
export interface StoragePlace {
  readonly position: number;
  readonly bytes: number;
  /** CRC-32 of the bytes, if the container has one. */
  readonly crc32?: number;
}

/** A container whose pickle has been run and whose storages have been located; no tensor has been read. */
export interface TorchContainer {
  readonly format: TorchFormat;
  readonly value: TorchTree<TensorRef>;
  /** By key. */
  readonly storages: ReadonlyMap<string, StoragePlace>;
}
