import { type HostDType, tensorBytes } from '@inplace-abn/tensor';
import { assertLittleEndianHost } from '../check-tensor.js';
import { writeFileAtomic } from '../files/atomic.js';
import { encodePickle } from '../pickle/encode.js';
import { isDict, isList, isTensor, type TorchTree } from '../pickle/value.js';
import { byteCount, checkContent, isHostTensor, piecesOf, type TensorContent } from '../tensor-stream.js';
import { encodeZip, type ZipContent } from '../zip/write.js';

/** Folder of all entries; PyTorch accepts any name. */
const FOLDER = 'archive';
/** Version of the container, as torch.save writes it. */
const VERSION = '3\n';

/**
 * Writes a file that torch.load reads, also with weights_only=True (which supports floats from PyTorch 2.0
 * on). It is a zip container with contiguous CPU tensors, dictionaries as dict and arrays as list. Tensors
 * over the same array or stream share a storage. Atomic, and nothing is collected in memory. The tensors must
 * not change until the promise resolves.
 *
 * Numbers without a fraction are written as int, others as float.
 *
 * @throws CheckpointError naming the file, or the key of a value that cannot be written
 */
export async function writeTorch(path: string, value: TorchTree<TensorContent>): Promise<void> {
  await writeFileAtomic(path, encodeTorch(value));
}

/**
 * Encodes a file of torch.save in chunks. Host tensors are not copied; streams are read twice. A chunk is
 * valid until the next one is requested.
 *
 * @throws CheckpointError naming the key of a value that cannot be written
 */
export function encodeTorch(value: TorchTree<TensorContent>): AsyncIterable<Uint8Array> {
  assertLittleEndianHost();
  checkTensors(value, []);
  const storages = new Map<object, { readonly key: string; readonly dtype: HostDType }>();
  const contents: ZipContent[] = [];
  const pickle = encodePickle(value, (tensor) => {
    const whole = isHostTensor(tensor) ? tensor.data : tensor;
    const known = storages.get(whole);
    // The same bytes as another dtype need their own storage: PyTorch allows one dtype per storage.
    if (known?.dtype === tensor.dtype) return known.key;
    const key = String(contents.length);
    storages.set(whole, { key, dtype: tensor.dtype });
    contents.push([`${FOLDER}/data/${key}`, storageOf(key, tensor)]);
    return key;
  });
  const head: ZipContent[] = [
    [`${FOLDER}/data.pkl`, pickle],
    [`${FOLDER}/byteorder`, Buffer.from('little')],
  ];
  const tail: ZipContent[] = [[`${FOLDER}/version`, Buffer.from(VERSION)]];
  return encodeZip([...head, ...contents, ...tail]);
}

function storageOf(key: string, tensor: TensorContent): ZipContent[1] {
  if (isHostTensor(tensor)) return tensorBytes(tensor);
  return { byteLength: byteCount(tensor), pieces: () => piecesOf(`storage ${key}`, tensor) };
}

function checkTensors(value: TorchTree<TensorContent>, path: readonly (string | number)[]): void {
  if (isDict(value)) for (const [key, item] of value) checkTensors(item, [...path, key]);
  else if (isList(value)) for (const [index, item] of value.entries()) checkTensors(item, [...path, index]);
  else if (isTensor(value)) checkContent(path.join('.'), value);
}
