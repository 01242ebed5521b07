import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bytesPerElement, elementCount, type HostTensor, type TensorSpec } from '@inplace-abn/tensor';
import { type ByteSource, openSource, readInto } from '../files/source.js';
import { describeOpaque } from '../pickle/describe.js';
import { Opaque, type TensorRef } from '../pickle/objects.js';
import { isDict, isList, isTensor, type TorchTree } from '../pickle/value.js';
import { type PublishedModel, publishedModel } from '../published/models.js';
import { RUN_STATE_KIND } from '../run-state/state.js';
import { SafetensorsFile } from '../safetensors/read.js';
import { INDEX_END, openShards, shardsIn } from '../safetensors/shards.js';
import { isConvertible, toFloat32 } from '../state-dict/convert.js';
import { type CheckpointFormat, formatOf } from '../state-dict/format.js';
import { splitCheckpoint } from '../state-dict/split.js';
import { TorchFile } from '../torch/file.js';

/** A tensor of a state dictionary. */
export interface InspectedTensor extends TensorSpec {
  /** Its key in the state dictionary, without wrapper prefixes. */
  readonly name: string;
  /** Bytes of its elements. */
  readonly bytes: number;
}

type Worded = string | number | boolean | null;

/** The contents of a checkpoint. */
export interface Inspection {
  /** The file, as it was named. */
  readonly path: string;
  /** Format, detected from the content and not from the name. */
  readonly format: CheckpointFormat;
  /** Size of the file in bytes; for an index, together with the files that it lists. */
  readonly bytes: number;
  /** MD5 of the file, lowercase hexadecimal; for an index, of the index alone. */
  readonly md5: string;
  /** The published upstream file that this file equals byte for byte; null if none. */
  readonly published: PublishedModel | null;
  /** Prefixes that wrappers added to the names: `module.`, `_orig_mod.` … */
  readonly prefixes: readonly string[];
  /** The state dictionary, without those prefixes. */
  readonly tensors: readonly InspectedTensor[];
  /** Elements of all tensors together. */
  readonly elements: number;
  /** Values outside the state dictionary: scalars as they are, everything else described in words. */
  readonly rest: Readonly<Record<string, Worded>>;
}

const SLICE_BYTES = 16 * 2 ** 20;
const MAX_TEXT = 200;

/**
 * Inspects a checkpoint of any format, or the index of several safetensors files. Reads no tensors except
 * scalars outside the state dictionary.
 *
 * @throws CheckpointError as readStateDict does
 */
export async function inspectCheckpoint(path: string): Promise<Inspection> {
  const source = await openSource(path);
  try {
    const { format, bytes, tensors, prefixes, rest } = await found(source);
    const md5 = await md5Of(source);
    const listed = [...tensors].map(
      ([name, { dtype, shape }]): InspectedTensor => ({
        name,
        dtype,
        shape,
        bytes: elementCount(shape) * bytesPerElement(dtype),
      }),
    );
    const elements = listed.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    const published = publishedModel(md5) ?? null;
    return { path, format, bytes, md5, published, prefixes, tensors: listed, elements, rest };
  } finally {
    await source.close();
  }
}

interface Found {
  readonly format: CheckpointFormat;
  readonly bytes: number;
  readonly tensors: ReadonlyMap<string, TensorSpec>;
  readonly prefixes: Inspection['prefixes'];
  readonly rest: Inspection['rest'];
}

async function found(source: ByteSource): Promise<Found> {
  if (source.path.endsWith(INDEX_END)) return ofIndex(source);
  const format = await formatOf(source);
  const content = await (format === 'safetensors' ? ofSafetensors(source) : ofTorch(source));
  return { format, bytes: source.size, ...content };
}

async function ofIndex({ path, size }: ByteSource): Promise<Found> {
  const { tensors, prefixes } = splitCheckpoint<TensorSpec>(path, await openShards(path));
  const files = [...new Set((await shardsIn(path)).values())];
  let bytes = size;
  for (const file of files) bytes += (await stat(join(dirname(path), file))).size;
  return { format: 'safetensors', bytes, tensors, prefixes, rest: { files: files.join(', ') } };
}

type Content = Omit<Found, 'format' | 'bytes'>;

async function ofTorch(source: ByteSource): Promise<Content> {
  const file = await TorchFile.over(source);
  const { tensors, prefixes, rest } = splitCheckpoint<TensorRef>(source.path, file.value);
  const isScalar = (item: TorchTree<TensorRef>): item is TensorRef =>
    isTensor(item) && elementCount(item.shape) === 1;
  const scalars = await file.readTensors([...rest.values()].filter(isScalar));
  const worded = [...rest].map(([key, item]) => {
    const scalar = isScalar(item) ? scalars.get(item) : undefined;
    return [key, scalar ? scalarOf(scalar) : inWords(item)] as const;
  });
  return { tensors, prefixes, rest: Object.fromEntries(worded) };
}

async function ofSafetensors(source: ByteSource): Promise<Content> {
  const file = await SafetensorsFile.over(source);
  const rest = Object.entries(file.metadata).map(([key, text]) => [key, inWords(text)] as const);
  if (file.metadata.kind === RUN_STATE_KIND) {
    return { tensors: file.entries, prefixes: [], rest: Object.fromEntries(rest) };
  }
  const { tensors, prefixes } = splitCheckpoint<TensorSpec>(source.path, file.entries);
  return { tensors, prefixes, rest: Object.fromEntries(rest) };
}

function scalarOf(tensor: HostTensor): Worded {
  const { data } =
    isConvertible(tensor.dtype, 'float32') && tensor.dtype !== 'float64' ? toFloat32(tensor) : tensor;
  return tensor.dtype === 'bool' ? data[0] === 1 : Number(data[0]);
}

function inWords(value: TorchTree<TensorRef>): Worded {
  if (value instanceof Opaque) return `opaque: ${describeOpaque(value)}`;
  if (isTensor(value)) return `${value.dtype} [${value.shape.join(', ')}]`;
  if (isDict(value))
    return `dictionary of ${value.size}: ${[...value.keys()].slice(0, 4).join(', ')}`.slice(0, MAX_TEXT);
  if (isList(value)) return `list of ${value.length}`;
  if (typeof value === 'bigint') return String(value).slice(0, MAX_TEXT);
  if (typeof value === 'string' && value.length > MAX_TEXT) return `${value.slice(0, MAX_TEXT)} …`;
  return value;
}

async function md5Of(source: ByteSource): Promise<string> {
  const hash = createHash('md5');
  const slice = Buffer.alloc(Math.min(SLICE_BYTES, source.size));
  for (let at = 0; at < source.size; at += slice.byteLength) {
    const bytes = slice.subarray(0, source.size - at);
    await readInto(source, bytes, at, 'it');
    hash.update(bytes);
  }
  return hash.digest('hex');
}
