// Builds pickles by hand, instruction by instruction.

import { OPCODES, type Opcode } from '../src/pickle/opcodes.js';
import type { ZipContent } from '../src/zip/write.js';
import { encodeZip } from '../src/zip/write.js';

type Part = Opcode | Uint8Array;

/** Assembles instructions by name and operands as bytes, and appends STOP. */
export function pickle(...parts: readonly Part[]): Buffer {
  return Buffer.concat([Buffer.from([0x80, 2]), ops(...parts), Buffer.from([OPCODES.STOP])]);
}

export function ops(...parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from([OPCODES[part]]) : part)));
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return ops('BINUNICODE', uint32(bytes.byteLength), bytes);
}

/** An integer of `length` bytes. */
export function int(value: number | bigint, length = 8): Buffer {
  const hex = BigInt.asUintN(8 * length, BigInt(value))
    .toString(16)
    .padStart(2 * length, '0');
  return ops('LONG1', Buffer.from([length]), Buffer.from(hex, 'hex').reverse());
}

export function global(module: string, name: string): Buffer {
  return ops('GLOBAL', Buffer.from(`${module}\n${name}\n`));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function tuple(...items: readonly Uint8Array[]): Buffer {
  return ops('MARK', ...items, 'TUPLE');
}

export function call(callee: Uint8Array, ...args: readonly Uint8Array[]): Buffer {
  return ops(callee, tuple(...args), 'REDUCE');
}

interface TensorParts {
  readonly key?: string;
  readonly type?: string;
  readonly numel?: number | bigint;
  readonly offset?: number | bigint;
  readonly shape?: readonly (number | bigint)[];
  readonly strides?: readonly (number | bigint)[];
  /** Add the metadata of a negative view. */
  readonly negative?: boolean;
}

/** A storage of four floats and a view of it. */
export function tensor(parts: TensorParts = {}): Buffer {
  const {
    key = '0',
    type = 'FloatStorage',
    numel = 4,
    offset = 0,
    shape = [4],
    strides = [1],
    negative,
  } = parts;
  const id = tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(numel));
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    ops(id, 'BINPERSID'),
    int(offset),
    tuple(...shape.map((size) => int(size))),
    tuple(...strides.map((stride) => int(stride))),
    ops('NEWFALSE'),
    call(global('collections', 'OrderedDict')),
    ...(negative ? [ops('EMPTY_DICT', text('neg'), 'NEWTRUE', 'SETITEM')] : []),
  );
}

/** Wraps a pickle in a zip container with storages of four floats. */
export async function inZip(
  program: Uint8Array,
  storages: readonly ZipContent[] = [['a/data/0', Buffer.alloc(16)]],
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeZip([['a/data.pkl', program], ...storages]))
    pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}

/** Wraps a pickle in a legacy stream without storages. */
export function inLegacy(program: Uint8Array): Buffer {
  const system = pickle('EMPTY_DICT', 'MARK', text('little_endian'), 'NEWTRUE', 'SETITEMS');
  const protocol = pickle(int(1001));
  return Buffer.concat([
    pickle(int(0x1950a86a20f9469cfc6cn, 10)),
    protocol,
    system,
    program,
    pickle('EMPTY_LIST'),
  ]);
}
