// The header of a safetensors file: its length as 8 little-endian bytes, then JSON padded with spaces. Layout
// and limits follow the format's description and its Rust reference implementation (huggingface/safetensors).

import { bytesPerElement, elementCount, type HostDType, type TensorSpec } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { findDuplicateKey } from './duplicate-keys.js';

/** Maximum header length in bytes, by the format. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Bytes of the length field before the header. */
export const LENGTH_BYTES = 8;

const METADATA_KEY = '__metadata__';

/** Free-form strings next to the tensors. */
export type Metadata = Readonly<Record<string, string>>;

/** A tensor in a file. Its bytes are [begin, end) of the data after the header. */
export interface TensorEntry extends TensorSpec {
  /** First byte. */
  readonly begin: number;
  /** One past the last byte. */
  readonly end: number;
}

export interface Header {
  /** Ordered by `begin`. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Metadata;
  /** Total bytes of all tensors. */
  readonly dataBytes: number;
}

/** Widest first, as in the reference implementation, so that every tensor is aligned to its elements. */
const CODES: readonly (readonly [HostDType, string])[] = [
  ['int64', 'I64'],
  ['float64', 'F64'],
  ['float32', 'F32'],
  ['int32', 'I32'],
  ['bfloat16', 'BF16'],
  ['float16', 'F16'],
  ['int16', 'I16'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['bool', 'BOOL'],
];
const CODE_OF = new Map(CODES);
const DTYPE_OF = new Map(CODES.map(([dtype, code]) => [code, dtype]));
const RANK_OF = new Map(CODES.map(([dtype], rank) => [dtype, rank]));

/** Lays out tensors contiguously: by element width, then by name. */
export function layOut(specs: ReadonlyMap<string, TensorSpec>): Map<string, TensorEntry> {
  const rank = (spec: TensorSpec): number => RANK_OF.get(spec.dtype) ?? CODES.length;
  const sorted = [...specs].sort(([a, x], [b, y]) => rank(x) - rank(y) || (a < b ? -1 : 1));
  let offset = 0;
  const entries = new Map<string, TensorEntry>();
  for (const [name, { dtype, shape }] of sorted) {
    const begin = offset;
    offset += elementCount(shape) * bytesPerElement(dtype);
    entries.set(name, { dtype, shape, begin, end: offset });
  }
  return entries;
}

/**
 * Encodes the first bytes of a file: length, JSON, and spaces up to a multiple of 8.
 *
 * @param entries tensors as laid out by {@link layOut}
 * @throws CheckpointError if the format cannot hold a name
 */
export function encodeHeader(entries: ReadonlyMap<string, TensorEntry>, metadata: Metadata): Buffer {
  // Written member by member, because an object literal would reorder names that look like integers.
  const members: string[] = [];
  const add = (key: string, value: unknown): void => {
    if (/\p{Surrogate}/u.test(key))
      throw new CheckpointError(`The name ${JSON.stringify(key)} is not valid Unicode.`);
    members.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  };
  const texts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (texts.length > 0) add(METADATA_KEY, Object.fromEntries(texts));
  for (const [name, { dtype, shape, begin, end }] of entries) {
    if (name === METADATA_KEY) throw new CheckpointError(`No tensor may be named "${METADATA_KEY}".`);
    add(name, { dtype: CODE_OF.get(dtype), shape, data_offsets: [begin, end] });
  }
  const json = Buffer.from(`{${members.join(',')}}`, 'utf8');
  const length = Math.ceil(json.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      `The header would have ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed.`,
    );
  }
  const bytes = Buffer.alloc(LENGTH_BYTES + length, ' ');
  bytes.writeBigUInt64LE(BigInt(length), 0);
  json.copy(bytes, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads the length of the header and checks it against the size of the file.
 *
 * @param prefix the first 8 bytes of the file, or fewer if it is shorter
 */
export function parseHeaderLength(path: string, prefix: Buffer, fileBytes: number): number {
  if (prefix.byteLength < LENGTH_BYTES) {
    throw new CheckpointError(`${path} is not a safetensors file: it has only ${fileBytes} bytes.`);
  }
  const length = prefix.readBigUInt64LE(0);
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(
      `${path} is not a safetensors file: its header would have ${length} bytes (at most ${MAX_HEADER_BYTES}).`,
    );
  }
  if (Number(length) > fileBytes - LENGTH_BYTES) {
    throw new CheckpointError(
      `${path} is truncated: its header needs ${length} bytes, the file has ${fileBytes}.`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks the JSON of a header.
 *
 * @param dataBytes bytes of the file after the header
 * @throws CheckpointError naming the file, and the key if one is at fault
 */
export function parseHeader(path: string, json: Uint8Array, dataBytes: number): Header {
  const members = parseMembers(path, json);
  let metadata: Metadata = {};
  const found: [string, TensorEntry][] = [];
  for (const [key, value] of Object.entries(members)) {
    if (key === METADATA_KEY) metadata = parseMetadata(path, value);
    else found.push([key, parseEntry(path, key, value)]);
  }
  found.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCoverage(path, found, dataBytes);
  return { entries: new Map(found), metadata, dataBytes };
}

function parseMembers(path: string, json: Uint8Array): object {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${path} has a broken safetensors header: ${reason}.`);
  };
  if (json[0] !== 0x7b) return fail('it does not start with "{"');
  let text = '';
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    value = JSON.parse(text);
  } catch (error) {
    return fail(error instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8');
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) return fail(`the key "${duplicate}" occurs twice`);
  return isObject(value) ? value : fail('it is not an object');
}

function parseMetadata(path: string, value: unknown): Metadata {
  if (!isObject(value)) throw new CheckpointError(`${path}: "${METADATA_KEY}" must be an object of strings.`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new CheckpointError(
        `${path}: "${METADATA_KEY}" must hold only strings, but "${key}" is not one.`,
      );
    }
  }
  return value as Metadata;
}

function parseEntry(path: string, key: string, value: unknown): TensorEntry {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${path}, tensor "${key}": ${reason}.`);
  };
  if (!isObject(value)) return fail('its description is not an object');
  const { dtype: code, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const dtype = typeof code === 'string' ? DTYPE_OF.get(code) : undefined;
  if (dtype === undefined) {
    return fail(
      `the dtype ${JSON.stringify(code)} is not supported; supported are ${[...DTYPE_OF.keys()].join(', ')}`,
    );
  }
  if (!isNumbers(shape)) return fail('the shape must be a list of numbers');
  const bytes = elementCount(shape) * bytesPerElement(dtype);
  if (!Number.isSafeInteger(bytes)) return fail(`[${shape.join(', ')}] is not a valid shape`);
  if (!isNumbers(offsets)) return fail('data_offsets must be two numbers');
  const [begin, end, ...more] = offsets;
  if (begin === undefined || end === undefined || more.length > 0)
    return fail('data_offsets must be two numbers');
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end < begin) {
    return fail(`[${offsets.join(', ')}] are not valid data_offsets`);
  }
  if (end - begin !== bytes) {
    return fail(
      `${code} of shape [${shape.join(', ')}] needs ${bytes} bytes, but its offsets span ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** Tensors must cover the data without gaps or overlap, to the last byte. */
function checkCoverage(path: string, sorted: readonly [string, TensorEntry][], dataBytes: number): void {
  let covered = 0;
  for (const [key, { begin, end }] of sorted) {
    if (begin !== covered) {
      const how = begin < covered ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw new CheckpointError(
        `${path}, tensor "${key}": it starts at byte ${begin}, not ${covered}, so it ${how}.`,
      );
    }
    if (end > dataBytes) {
      throw new CheckpointError(
        `${path} is truncated: tensor "${key}" ends at byte ${end} of the data, but the file holds ${dataBytes}.`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new CheckpointError(`${path} has ${dataBytes - covered} bytes after its last tensor.`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
