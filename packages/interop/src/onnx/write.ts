/** Encodes models and writes them to disk. */
import { basename } from 'node:path';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import type { OnnxModel, OnnxTensor } from './model/model.js';
import { type ExternalPlace, encodeModel } from './proto/messages.js';

/** A protobuf message has at most 2 GiB, of which the graph itself needs a part. */
const MOST_INSIDE = 2 ** 31 - 2 ** 24;
/** Readers that map the file into memory need page alignment. */
const PAGE = 4096;
/** Smaller tensors stay in the message, because readers compute shapes from some of them. */
const LEAST_OUTSIDE = 1024;

/** Options of writing an ONNX file. */
export interface WriteOnnxOptions {
  /**
   * Whether to write weights to a separate file, `PATH.data`. Default: if the model exceeds the 2 GiB of a
   * protobuf message.
   */
  readonly externalData?: boolean;
}

/** The bytes of the file, including weights. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return encodeModel(model, () => null);
}

/**
 * Writes a model atomically: one file, and `PATH.data` if the weights do not fit into it.
 *
 * @returns the files that were written
 * @throws CheckpointError naming a file that cannot be written
 */
export async function writeOnnx(
  path: string,
  model: OnnxModel,
  options: WriteOnnxOptions = {},
): Promise<string[]> {
  const bytes = model.tensors.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
  if (!(options.externalData ?? bytes > MOST_INSIDE)) {
    await writeFileAtomic(path, encodeOnnx(model));
    return [path];
  }
  const data = `${path}.data`;
  const places = placesIn(basename(data), model.tensors);
  // The data first, so that no model exists without it.
  await writeFileAtomic(data, contentOf(places));
  await writeFileAtomic(
    path,
    encodeModel(model, (tensor) => places.get(tensor) ?? null),
  );
  return [path, data];
}

function placesIn(location: string, tensors: readonly OnnxTensor[]): Map<OnnxTensor, ExternalPlace> {
  const places = new Map<OnnxTensor, ExternalPlace>();
  let offset = 0;
  for (const tensor of tensors) {
    if (tensor.bytes.byteLength < LEAST_OUTSIDE) continue;
    places.set(tensor, { location, offset });
    offset = Math.ceil((offset + tensor.bytes.byteLength) / PAGE) * PAGE;
  }
  return places;
}

function* contentOf(places: ReadonlyMap<OnnxTensor, ExternalPlace>): Generator<Uint8Array> {
  let written = 0;
  for (const [{ bytes }, { offset }] of places) {
    if (offset > written) yield new Uint8Array(offset - written);
    yield bytes;
    written = offset + bytes.byteLength;
  }
}
