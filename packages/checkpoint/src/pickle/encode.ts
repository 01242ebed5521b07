import { elementCount } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import type { TensorContent } from '../tensor-stream.js';
import { STORAGE_CLASSES } from './globals.js';
import { Opaque } from './objects.js';
import { OPCODES, type Opcode } from './opcodes.js';
import { isDict, isList, type TorchTree } from './value.js';

const MAX_DEPTH = 64;
const REBUILD = 'torch._utils\n_rebuild_tensor_v2\n';
const ORDERED_DICT = 'collections\nOrderedDict\n';

/**
 * Encodes a value as a protocol 2 pickle, using only instructions that PyTorch's weights_only reader
 * supports.
 *
 * @param storageOf key of the storage that holds exactly this tensor
 * @throws CheckpointError if a pickle cannot hold the value, naming its key
 */
export function encodePickle(
  value: TorchTree<TensorContent>,
  storageOf: (tensor: TensorContent) => string,
): Buffer {
  const encoder = new Encoder(storageOf);
  encoder.op('PROTO', 2);
  encoder.value(value, []);
  encoder.op('STOP');
  return encoder.bytes();
}

class Encoder {
  private buffer = Buffer.alloc(1 << 16);
  private used = 0;
  private readonly globals = new Map<string, number>();

  constructor(private readonly storageOf: (tensor: TensorContent) => string) {}

  bytes(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  /** Reserves `length` bytes and lets `fill` write them. */
  private write(length: number, fill: (buffer: Buffer, at: number) => void): void {
    const at = this.used;
    if (at + length > this.buffer.byteLength) {
      const larger = Buffer.alloc(Math.max(2 * this.buffer.byteLength, at + length));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.used = at + length;
    fill(this.buffer, at);
  }

  op(name: Opcode, operand?: number): void {
    this.write(1, (buffer, at) => buffer.writeUInt8(OPCODES[name], at));
    if (operand !== undefined) this.write(1, (buffer, at) => buffer.writeUInt8(operand, at));
  }

  value(value: TorchTree<TensorContent>, path: readonly (string | number)[]): void {
    if (path.length > MAX_DEPTH) this.fail(path, `is nested more than ${MAX_DEPTH} deep`);
    if (value === null || value === undefined) this.op('NONE');
    else if (typeof value === 'boolean') this.op(value ? 'NEWTRUE' : 'NEWFALSE');
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'bigint') this.long(value, path);
    else if (typeof value === 'string') this.text(value, path);
    else if (value instanceof Opaque) this.fail(path, `is the Python object ${value.name}`);
    else if (isDict(value)) this.dict(value, path);
    else if (isList(value)) {
      this.op('EMPTY_LIST');
      this.op('MARK');
      for (const [index, item] of value.entries()) this.value(item, [...path, index]);
      this.op('APPENDS');
    } else this.tensor(value);
  }

  private dict(
    dict: ReadonlyMap<string | number, TorchTree<TensorContent>>,
    path: readonly (string | number)[],
  ): void {
    this.op('EMPTY_DICT');
    this.op('MARK');
    for (const [key, item] of dict) {
      const inner = [...path, key];
      if (typeof key === 'string') this.text(key, inner);
      else if (Number.isSafeInteger(key)) this.number(key);
      else this.fail(inner, 'has a key that is neither a string nor an integer');
      this.value(item, inner);
    }
    this.op('SETITEMS');
  }

  private number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.op('BINFLOAT');
      this.write(8, (buffer, at) => buffer.writeDoubleBE(value, at));
    } else if (value >= 0 && value <= 0xff) this.op('BININT1', value);
    else if (value === (value | 0)) {
      this.op('BININT');
      this.write(4, (buffer, at) => buffer.writeInt32LE(value, at));
    } else this.long(BigInt(value), []);
  }

  private long(value: bigint, path: readonly (string | number)[]): void {
    let length = 1;
    while (BigInt.asIntN(8 * length, value) !== value) {
      if (++length > 0xff) this.fail(path, 'is an integer of more than 255 bytes');
    }
    this.op('LONG1', length);
    const hex = BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, '0');
    this.write(length, (buffer, at) => Buffer.from(hex, 'hex').reverse().copy(buffer, at));
  }

  private text(text: string, path: readonly (string | number)[]): void {
    if (/\p{Surrogate}/u.test(text)) this.fail(path, 'is or contains a string that is not valid Unicode');
    const bytes = Buffer.from(text, 'utf8');
    this.op('BINUNICODE');
    this.write(4, (buffer, at) => buffer.writeUInt32LE(bytes.byteLength, at));
    this.write(bytes.byteLength, (buffer, at) => bytes.copy(buffer, at));
  }

  /** Written once, then recalled from the memo. */
  private global(lines: string): void {
    const index = this.globals.get(lines);
    if (index !== undefined) {
      this.op('BINGET', index);
      return;
    }
    this.op('GLOBAL');
    this.write(lines.length, (buffer, at) => buffer.write(lines, at, 'latin1'));
    this.globals.set(lines, this.globals.size);
    this.op('BINPUT', this.globals.size - 1);
  }

  /** _rebuild_tensor_v2(storage, 0, shape, strides, requires_grad False, no hooks) */
  private tensor(tensor: TensorContent): void {
    const { dtype, shape } = tensor;
    this.global(REBUILD);
    this.op('MARK');
    this.op('MARK');
    this.text('storage', []);
    this.global(`torch\n${STORAGE_CLASSES[dtype]}\n`);
    this.text(this.storageOf(tensor), []);
    this.text('cpu', []);
    this.number(elementCount(shape));
    this.op('TUPLE');
    this.op('BINPERSID');
    this.number(0);
    this.tuple(shape);
    this.tuple(rowMajorStrides(shape));
    this.op('NEWFALSE');
    this.global(ORDERED_DICT);
    this.op('EMPTY_TUPLE');
    this.op('REDUCE');
    this.op('TUPLE');
    this.op('REDUCE');
  }

  private tuple(numbers: readonly number[]): void {
    this.op('MARK');
    for (const number of numbers) this.number(number);
    this.op('TUPLE');
  }

  private fail(path: readonly (string | number)[], what: string): never {
    throw new CheckpointError(`Cannot write "${path.map(String).join('.')}": it ${what}.`);
  }
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of [...shape].reverse()) {
    strides.unshift(stride);
    // Like PyTorch, treat a dimension of size 0 as 1.
    stride *= Math.max(size, 1);
  }
  return strides;
}
