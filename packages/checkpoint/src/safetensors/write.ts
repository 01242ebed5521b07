import { assertLittleEndianHost } from '../check-tensor.js';
import { type FileContent, writeFileAtomic } from '../files/atomic.js';
import { checkContent, piecesOf, type TensorContents } from '../tensor-stream.js';
import { addToChecksum, BLANK_CHECKSUM, CHECKSUM_KEY, insertChecksum, startChecksum } from './checksum.js';
import { encodeHeader, layOut, type Metadata } from './header.js';

export interface WriteOptions {
  /** Free text beside the tensors. */
  readonly metadata?: Metadata;
  /** Adds a SHA-256 of the whole file to the metadata (key `sha256`); costs one more pass over the tensors. */
  readonly checksum?: boolean;
}

/**
 * The bytes of a safetensors file, piece by piece: the header, then each tensor's own memory, uncopied, or its stream,
 * which a checksum reads twice. Tensors must not change until the last piece is consumed, and a piece is valid until the
 * next one is asked for.
 *
 * @throws CheckpointError naming the tensor that is inconsistent
 */
export async function encodeSafetensors(
  tensors: TensorContents,
  { metadata = {}, checksum = false }: WriteOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  assertLittleEndianHost();
  for (const [name, tensor] of tensors) checkContent(name, tensor);
  const entries = layOut(tensors);
  const head = encodeHeader(entries, checksum ? { ...metadata, [CHECKSUM_KEY]: BLANK_CHECKSUM } : metadata);
  if (checksum) {
    const hash = startChecksum(head);
    for await (const piece of bodies(tensors, entries.keys())) await addToChecksum(hash, piece);
    insertChecksum(head, hash.digest('hex'));
  }
  return (async function* () {
    yield head;
    yield* bodies(tensors, entries.keys());
  })();
}

async function* bodies(tensors: TensorContents, names: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor) yield* piecesOf(name, tensor);
  }
}

/**
 * Writes a safetensors file atomically, without gathering it in memory. The tensors must not change until the promise
 * resolves.
 *
 * @param tensors row-major tensors by name, on the host or as streams
 * @throws CheckpointError naming the file or the tensor at fault
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorContents,
  options: WriteOptions = {},
): Promise<void> {
  const content: FileContent = await encodeSafetensors(tensors, options);
  await writeFileAtomic(path, content);
}
