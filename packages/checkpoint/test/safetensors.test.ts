import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeSafetensors,
  type HostTensor,
  readSafetensors,
  SafetensorsFile,
  type WriteOptions,
  writeSafetensors,
} from '../src/index.js';
import { PATIENCE, temporaryFolder } from './temporary-folder.js';
import { anyTensors, comparable, float32 } from './tensors.js';

const root = await temporaryFolder();
const handMade = fileURLToPath(new URL('./fixtures/hand-made.safetensors', import.meta.url));

async function piecesOf(tensors: Map<string, HostTensor>, options?: WriteOptions): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await encodeSafetensors(tensors, options)) pieces.push(piece);
  return pieces;
}

async function encode(tensors: Map<string, HostTensor>, options?: WriteOptions): Promise<Buffer> {
  return Buffer.concat(await piecesOf(tensors, options));
}

describe('reading a handmade file', () => {
  it('finds every tensor, bit for bit', async () => {
    const { tensors, metadata } = await readSafetensors(handMade);
    expect(metadata).toEqual({ 'made by': 'hand' });
    expect(Object.fromEntries(tensors)).toEqual({
      weight: {
        dtype: 'float32',
        shape: [2, 2],
        data: Float32Array.of(1, -2.5, Number.POSITIVE_INFINITY, -0),
      },
      mask: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
      half: { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0x4049) },
      steps: { dtype: 'int64', shape: [], data: BigInt64Array.of(-2n) },
      none: { dtype: 'float64', shape: [0, 4], data: new Float64Array(0) },
    });
  });

  it('reads one tensor without the others', async () => {
    const file = await SafetensorsFile.open(handMade);
    try {
      expect([...file.entries.keys()]).toEqual(['weight', 'mask', 'half', 'steps', 'none']);
      expect((await file.read('steps')).data).toEqual(BigInt64Array.of(-2n));
      await expect(file.read('stops')).rejects.toThrow(`${handMade} has no tensor "stops".`);
    } finally {
      await file.close();
    }
  });
});

describe('writing', () => {
  it('lays tensors out by width, then name, after a header padded to 8 bytes', async () => {
    const bytes = await encode(
      new Map<string, HostTensor>([
        ['10', { dtype: 'uint8', shape: [1], data: Uint8Array.of(7) }],
        ['b', float32([1], [1])],
        ['a', float32([], [2])],
        ['n', { dtype: 'int64', shape: [1], data: BigInt64Array.of(5n) }],
      ]),
      { metadata: { z: '1', y: 'é' } },
    );
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(bytes.toString('utf8', 8, 8 + length).trimEnd()).toBe(
      '{"__metadata__":{"y":"é","z":"1"},' +
        '"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
        '"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
        '"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},' +
        '"10":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}',
    );
    expect(bytes.subarray(8 + length).toString('hex')).toBe('0500000000000000000000400000803f07');
  });

  it('yields the memory of the tensors without a copy', async () => {
    const data = new Float32Array(new ArrayBuffer(64), 16, 4);
    const pieces = await piecesOf(new Map([['x', { dtype: 'float32', shape: [4], data }]]));
    expect(pieces[1]?.buffer).toBe(data.buffer);
    expect(pieces[1]?.byteOffset).toBe(16);
    expect(pieces[1]?.byteLength).toBe(16);
  });

  it.each([
    [
      'array',
      { dtype: 'float32', shape: [2], data: Uint16Array.of(1, 2) },
      'must hold a Float32Array, not a Uint16Array',
    ],
    ['length', float32([2, 3], [1, 2]), 'has the shape [2, 3] (6 elements) but 2 elements of data'],
    ['shape', float32([-1], [1]), 'has the shape [-1] (not a valid shape)'],
  ] as const)('rejects a wrong %s', async (_, tensor, message) => {
    await expect(encode(new Map([['conv.weight', tensor as HostTensor]]))).rejects.toThrow(
      `Tensor "conv.weight" ${message.startsWith('must') ? 'of dtype float32 ' : ''}${message}`,
    );
  });

  it('rejects names that the format cannot hold', async () => {
    await expect(encode(new Map([['__metadata__', float32([], [1])]]))).rejects.toThrow(
      'No tensor may be named',
    );
    await expect(encode(new Map([['\ud800', float32([], [1])]]))).rejects.toThrow('is not valid Unicode');
  });

  it('accepts names that are special to JavaScript', async () => {
    const path = join(root, 'names');
    const tensors = new Map(['__proto__', 'constructor', '0', ''].map((name) => [name, float32([1], [1])]));
    await writeSafetensors(path, tensors);
    expect(comparable((await readSafetensors(path)).tensors)).toEqual(comparable(tensors));
  });
});

describe('round trip', () => {
  it('survives with and without a checksum', async () => {
    const path = join(root, 'round-trip');
    const anyMetadata = fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(anyTensors, anyMetadata, fc.boolean(), async (tensors, metadata, checksum) => {
        fc.pre(!Object.hasOwn(metadata, 'sha256'));
        await writeSafetensors(path, tensors, { metadata, checksum });
        const read = await readSafetensors(path, { verify: checksum });
        expect(comparable(read.tensors)).toEqual(comparable(tensors));
        const { sha256, ...rest } = read.metadata;
        expect({ ...rest }).toEqual({ ...metadata });
        expect(sha256 !== undefined).toBe(checksum);
      }),
      { numRuns: 40 },
    );
  });
});

describe('damage', PATIENCE, () => {
  const tensors = new Map<string, HostTensor>([
    ['w', float32([2, 2], [1, 2, 3, 4])],
    ['n', { dtype: 'int64', shape: [], data: BigInt64Array.of(9n) }],
  ]);

  it('is an error at every shorter length', async () => {
    const path = join(root, 'cut');
    const bytes = await encode(tensors);
    for (let length = 0; length < bytes.byteLength; length++) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readSafetensors(path), `${length} bytes`).rejects.toThrow(path);
    }
  });

  it('is an error at a flipped bit in any byte of a file with a checksum', async () => {
    const path = join(root, 'flipped');
    const bytes = await encode(tensors, { metadata: { sha: 'x' }, checksum: true });
    await writeFile(path, bytes);
    expect(comparable((await readSafetensors(path, { verify: true })).tensors)).toEqual(comparable(tensors));
    for (const [index, byte] of bytes.entries()) {
      const damaged = Buffer.from(bytes);
      damaged[index] = byte ^ (1 << (index % 8));
      await writeFile(path, damaged);
      await expect(readSafetensors(path, { verify: true }), `byte ${index}`).rejects.toThrow(path);
    }
  });

  it('never yields a wrong tensor silently, for any bytes', async () => {
    const path = join(root, 'garbage');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await writeFile(path, bytes);
        await expect(readSafetensors(path)).rejects.toThrow(path);
      }),
      { numRuns: 100 },
    );
  });

  it('does not verify a file without a checksum', async () => {
    await expect(readSafetensors(handMade, { verify: true })).rejects.toThrow(`${handMade} has no checksum`);
  });

  it('names a missing file', async () => {
    const path = join(root, 'absent');
    await expect(readSafetensors(path)).rejects.toThrow(`Cannot read ${path}: there is no such file.`);
  });
});
