import { type HostDType, tensorBytes } from '@inplace-abn/tensor';
import { assertLittleEndianHost } from '../check-tensor.js';
import { writeFileAtomic } from '../files/atomic.js';
import { encodePickle } from '../pickle/encode.js';
import { isDict, isList, isTensor, type TorchTree } from '../pickle/value.js';
import { byteCount, checkContent, isHostTensor, piecesOf, type TensorContent } from '../tensor-stream.js';
import { encodeZip, type ZipContent } from '../zip/write.js';

/** Folder of all entries; PyTorch finds it by itself. */
const FOLDER = 'archive';
/** Version of the container, as torch.save writes it. */
const VERSION = '3\n';

/**
 * Writes a file that torch.load reads, also with weights_only=True (PyTorch 1.13 knows no float there; 2.0 and later
 * do): the zip container, tensors contiguous and on the CPU, dictionaries as dict, arrays as list. Tensors that hold
 * one array, or that are one stream, share a storage. Atomic, and nothing is gathered in memory; the tensors must not change
 * until the promise resolves.
 *
 * A number without a fraction is written as int, any other as float.
 *
 * @throws CheckpointError naming the file, or the key of what cannot be written
 */
export async function writeTorch(path: string, value: TorchTree<TensorContent>): Promise<void> {
  await writeFileAtomic(path, encodeTorch(value));
}

/**
 * The bytes of such a file, piece by piece: the tensors are handed out as they lie in memory, or as their streams give
 * them, twice. A piece is valid until the next one is asked for.
 *
 * @throws CheckpointError naming the key of what cannot be written
 */
export function encodeTorch(value: TorchTree<TensorContent>): AsyncIterable<Uint8Array> {
  assertLittleEndianHost();
  checkTensors(value, []);
  const storages = new Map<object, { readonly key: string; readonly dtype: HostDType }>();
  const contents: ZipContent[] = [];
  const pickle = encodePickle(value, (tensor) => {
    const whole = isHostTensor(tensor) ? tensor.data : tensor;
    const known = storages.get(whole);
    // The same bytes as another dtype need a storage of their own: PyTorch knows one dtype for each.
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
