import { assertLittleEndianHost } from '../check-tensor.js';
import { type FileContent, writeFileAtomic } from '../files/atomic.js';
import { checkContent, piecesOf, type TensorContents } from '../tensor-stream.js';
import { addToChecksum, BLANK_CHECKSUM, CHECKSUM_KEY, insertChecksum, startChecksum } from './checksum.js';
import { encodeHeader, layOut, type Metadata } from './header.js';

/** Options of writing a safetensors file. */
export interface WriteOptions {
  /** Free-form strings next to the tensors. */
  readonly metadata?: Metadata;
  /** Adds a SHA-256 of the whole file to the metadata (key `sha256`); costs another pass over the tensors. */
  readonly checksum?: boolean;
}

/**
 * Encodes a safetensors file in chunks: the header, then each tensor's own memory without a copy, or its
 * stream. A checksum reads streams twice. Tensors must not change until the last chunk is consumed; a chunk
 * is valid until the next one is requested.
 *
 * @throws CheckpointError naming an inconsistent tensor
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
 * Writes a safetensors file atomically, without collecting it in memory. The tensors must not change until
 * the promise resolves.
 *
 * @param tensors row-major tensors by name, on the host or as streams
 * @throws CheckpointError naming the file or the tensor
 */
export async function writeSafetensors(
  path: string,
  tensors: TensorContents,
  options: WriteOptions = {},
): Promise<void> {
  const content: FileContent = await encodeSafetensors(tensors, options);
  await writeFileAtomic(path, content);
}
