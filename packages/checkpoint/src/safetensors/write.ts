import { type FileContent, writeFileAtomic } from '../files/atomic.js';
import { assertLittleEndianHost, checkTensor, type TensorMap, tensorBytes } from '../tensor-data.js';
import { addToChecksum, BLANK_CHECKSUM, CHECKSUM_KEY, insertChecksum, startChecksum } from './checksum.js';
import { encodeHeader, layOut, type Metadata } from './header.js';

export interface WriteOptions {
  /** Free text beside the tensors. */
  readonly metadata?: Metadata;
  /** Adds a SHA-256 of the whole file to the metadata (key `sha256`); costs one more pass over the tensors. */
  readonly checksum?: boolean;
}

/**
 * The bytes of a safetensors file, piece by piece: the header, then each tensor's own memory, uncopied. The arrays
 * must not change until the last piece is consumed.
 *
 * @throws CheckpointError naming the tensor that is inconsistent
 */
export async function encodeSafetensors(
  tensors: TensorMap,
  { metadata = {}, checksum = false }: WriteOptions = {},
): Promise<Iterable<Uint8Array>> {
  assertLittleEndianHost();
  for (const [name, tensor] of tensors) checkTensor(name, tensor);
  const entries = layOut(tensors);
  const head = encodeHeader(entries, checksum ? { ...metadata, [CHECKSUM_KEY]: BLANK_CHECKSUM } : metadata);
  const bodies: Uint8Array[] = [];
  for (const name of entries.keys()) {
    const tensor = tensors.get(name);
    if (tensor) bodies.push(tensorBytes(tensor));
  }
  if (checksum) {
    const hash = startChecksum(head);
    for (const body of bodies) await addToChecksum(hash, body);
    insertChecksum(head, hash.digest('hex'));
  }
  return [head, ...bodies];
}

/**
 * Writes a safetensors file atomically, without gathering it in memory. The arrays must not change until the promise
 * resolves.
 *
 * @param tensors row-major host tensors by name
 * @throws CheckpointError naming the file or the tensor at fault
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorMap,
  options: WriteOptions = {},
): Promise<void> {
  const content: FileContent = await encodeSafetensors(tensors, options);
  await writeFileAtomic(path, content);
}
