import { inflateSync } from 'node:zlib';

// MATLAB's format 5: a header of 128 bytes, then elements of a type, a size and data, padded to 8 bytes. An
// element of at most 4 bytes holds its size in the upper half of its type. Matrices are elements of elements:
// flags, dimensions, name, values. Source: "MAT-File Format", The MathWorks.

const HEADER_BYTES = 128;
const MATRIX = 14;
const COMPRESSED = 15;
const CHARACTERS = 4;
const STRUCT = 2;

/** Bytes of a number of each type, and how it is read; index: the type. */
const NUMBERS: Readonly<
  Record<number, readonly [bytes: number, read: (data: Buffer, at: number) => number]>
> = {
  1: [1, (data, at) => data.readInt8(at)],
  2: [1, (data, at) => data.readUInt8(at)],
  3: [2, (data, at) => data.readInt16LE(at)],
  4: [2, (data, at) => data.readUInt16LE(at)],
  5: [4, (data, at) => data.readInt32LE(at)],
  6: [4, (data, at) => data.readUInt32LE(at)],
  7: [4, (data, at) => data.readFloatLE(at)],
  9: [8, (data, at) => data.readDoubleLE(at)],
  16: [1, (data, at) => data.readUInt8(at)],
  17: [2, (data, at) => data.readUInt16LE(at)],
};

interface Element {
  readonly type: number;
  readonly data: Buffer;
  /** Where the next element begins. */
  readonly end: number;
}

/** Whether content is a MATLAB file, of any version. */
export function isMatFile(content: Buffer): boolean {
  return content.length > HEADER_BYTES && content.toString('latin1', 0, 6) === 'MATLAB';
}

/**
 * The classes of ImageNet's devkit: the array of structures `synsets`, of which `ILSVRC2012_ID` and `WNID`
 * are read.
 *
 * @returns class folders by number
 * @throws Error if the file has another content or format
 */
export function readMatSynsets(content: Buffer): ReadonlyMap<number, string> {
  if (content.toString('latin1', 126, 128) !== 'IM') throw new Error('expected format 5, little-endian');
  const classes = new Map<number, string>();
  for (let at = HEADER_BYTES; at < content.length; ) {
    const element = elementAt(content, at);
    at = element.end;
    const matrix = element.type === COMPRESSED ? elementAt(inflateSync(element.data), 0) : element;
    if (matrix.type === MATRIX) addSynsets(matrix.data, classes);
  }
  if (classes.size === 0) throw new Error('it has no structures with ILSVRC2012_ID and WNID');
  return classes;
}

function elementAt(data: Buffer, at: number): Element {
  const type = data.readUInt32LE(at);
  if (type > 0xffff) {
    const size = type >>> 16;
    return { type: type & 0xffff, data: data.subarray(at + 4, at + 4 + size), end: at + 8 };
  }
  const size = data.readUInt32LE(at + 4);
  const end = at + 8 + size;
  if (end > data.length) throw new Error('it is truncated');
  // Compressed elements alone are not padded.
  return { type, data: data.subarray(at + 8, end), end: type === COMPRESSED ? end : Math.ceil(end / 8) * 8 };
}

function* elementsOf(data: Buffer): Generator<Element> {
  for (let at = 0; at + 8 <= data.length; ) {
    const element = elementAt(data, at);
    at = element.end;
    yield element;
  }
}

function addSynsets(matrix: Buffer, classes: Map<number, string>): void {
  const [flags, , , nameLength, names, ...values] = [...elementsOf(matrix)];
  if (!flags || !nameLength || !names || (flags.data.readUInt32LE(0) & 0xff) !== STRUCT) return;
  const length = nameLength.data.readInt32LE(0);
  const fields: string[] = [];
  for (let at = 0; at < names.data.length; at += length) {
    fields.push(names.data.toString('latin1', at, at + length).replace(/\0.*$/s, ''));
  }
  const [id, name] = [fields.indexOf('ILSVRC2012_ID'), fields.indexOf('WNID')];
  if (id < 0 || name < 0) return;
  for (let at = 0; at + fields.length <= values.length; at += fields.length) {
    const [number, folder] = [values[at + id], values[at + name]];
    if (number && folder) classes.set(Number(contentOf(number.data)), String(contentOf(folder.data)));
  }
}

/** The string in a character matrix, or the first number in another one. */
function contentOf(matrix: Buffer): string | number {
  const [flags, , , values] = [...elementsOf(matrix)];
  const [bytes, read] = NUMBERS[values?.type ?? 0] ?? [];
  if (!flags || !values || !bytes || !read) throw new Error('it holds values of an unknown type');
  if ((flags.data.readUInt32LE(0) & 0xff) !== CHARACTERS) return read(values.data, 0);
  let text = '';
  for (let at = 0; at < values.data.length; at += bytes) text += String.fromCharCode(read(values.data, at));
  return text;
}
