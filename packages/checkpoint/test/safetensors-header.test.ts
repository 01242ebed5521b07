import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../src/index.js';
import { findDuplicateKey } from '../src/safetensors/duplicate-keys.js';
import { MAX_HEADER_BYTES, parseHeader, parseHeaderLength } from '../src/safetensors/header.js';

const F32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

function parse(header: unknown, dataBytes: number): unknown {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  return parseHeader('a.safetensors', Buffer.from(json), dataBytes);
}

describe('parseHeader', () => {
  it.each<[string, unknown, number, string]>([
    ['text', 'x', 0, 'a.safetensors has a broken safetensors header: it does not start with "{"'],
    ['cut JSON', '{"a":', 0, 'it is not JSON'],
    ['a list', '[]', 0, 'it does not start with "{"'],
    ['equal keys', '{"a":{},"a":{}}', 0, 'the key "a" occurs twice'],
    ['equal keys inside', '{"a":{"dtype":"F32","dtype":"I8"}}', 0, 'the key "dtype" occurs twice'],
    ['metadata that is not an object', { __metadata__: [] }, 0, '"__metadata__" must be an object'],
    [
      'metadata that is not text',
      { __metadata__: { n: 1 } },
      0,
      'must hold only strings, but "n" is not one',
    ],
    [
      'a tensor that is not an object',
      { w: 3 },
      0,
      'a.safetensors, tensor "w": its description is not an object',
    ],
    [
      'an unknown dtype',
      { w: { dtype: 'F8_E4M3', shape: [], data_offsets: [0, 1] } },
      1,
      'tensor "w": the dtype "F8_E4M3"',
    ],
    ['no dtype', { w: { shape: [], data_offsets: [0, 1] } }, 1, 'tensor "w": the dtype undefined'],
    ['no shape', { w: { dtype: 'U8', data_offsets: [0, 1] } }, 1, 'tensor "w": the shape must be a list'],
    ['a negative size', { w: F32(0, 4, [-1]) }, 4, 'tensor "w": [-1] is not a valid shape'],
    ['a fractional size', { w: F32(0, 4, [0.5, 2]) }, 4, 'tensor "w": [0.5, 2] is not a valid shape'],
    ['a shape beyond counting', { w: F32(0, 4, [2 ** 40, 2 ** 40]) }, 4, 'is not a valid shape'],
    ['no offsets', { w: { dtype: 'U8', shape: [] } }, 1, 'data_offsets must be two numbers'],
    [
      'three offsets',
      { w: { dtype: 'U8', shape: [], data_offsets: [0, 1, 2] } },
      1,
      'data_offsets must be two',
    ],
    ['offsets backwards', { w: F32(4, 0, [1]) }, 4, '[4, 0] are not valid data_offsets'],
    ['negative offsets', { w: F32(-4, 0, [1]) }, 4, '[-4, 0] are not valid data_offsets'],
    [
      'a shape of other size',
      { w: F32(0, 8, [3]) },
      8,
      'F32 of shape [3] needs 12 bytes, but its offsets span 8',
    ],
    [
      'an overlap',
      { v: F32(0, 8), w: F32(4, 12) },
      12,
      'tensor "w": it starts at byte 4, not 8, so it overlaps',
    ],
    [
      'a gap',
      { v: F32(0, 4), w: F32(8, 12) },
      12,
      'tensor "w": it starts at byte 8, not 4, so it leaves a gap',
    ],
    ['a gap at the start', { w: F32(4, 8) }, 8, 'tensor "w": it starts at byte 4, not 0'],
    ['a file too short', { v: F32(0, 4), w: F32(4, 8) }, 7, 'is truncated: tensor "w" ends at byte 8'],
    ['a file too long', { w: F32(0, 4) }, 9, 'has 5 bytes after its last tensor'],
  ])('refuses %s', (_, header, dataBytes, message) => {
    expect(() => parse(header, dataBytes)).toThrow(CheckpointError);
    expect(() => parse(header, dataBytes)).toThrow(message);
    expect(() => parse(header, dataBytes)).toThrow('a.safetensors');
  });

  it('rejects bytes that are not UTF-8', () => {
    const json = Buffer.concat([Buffer.from('{"'), Buffer.of(0xff), Buffer.from('":{}}')]);
    expect(() => parseHeader('a.safetensors', json, 0)).toThrow('it is not UTF-8');
  });

  it('accepts empty tensors between others and an empty file', () => {
    expect(parse({ c: F32(4, 8), b: F32(4, 4), a: F32(0, 4) }, 8)).toMatchObject({ dataBytes: 8 });
    expect(parse('{}   ', 0)).toMatchObject({ dataBytes: 0 });
  });
});

describe('parseHeaderLength', () => {
  const prefix = (length: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(length);
    return bytes;
  };

  it('rejects impossible lengths', () => {
    expect(() => parseHeaderLength('a', Buffer.alloc(3), 3)).toThrow(
      'a is not a safetensors file: it has only 3 bytes',
    );
    expect(() => parseHeaderLength('a', prefix(100n), 50)).toThrow(
      'a is truncated: its header needs 100 bytes',
    );
    for (const length of [BigInt(MAX_HEADER_BYTES) + 1n, 2n ** 64n - 1n]) {
      expect(() => parseHeaderLength('a', prefix(length), 2 ** 50)).toThrow(
        `its header would have ${length} bytes`,
      );
    }
  });

  it('returns the length', () => {
    expect(parseHeaderLength('a', prefix(BigInt(MAX_HEADER_BYTES)), 2 ** 40)).toBe(MAX_HEADER_BYTES);
    expect(parseHeaderLength('a', prefix(2n), 10)).toBe(2);
  });
});

describe('findDuplicateKey', () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}', undefined],
    ['{"a":"a","b":"a"}', undefined],
    ['{"a\\"":1,"a":2,"\\\\":3}', undefined],
    ['{"a":1, "\\u0061" : 2}', 'a'],
    ['{"x":[{"k":[],"k":{}}]}', 'k'],
    ['{"a":{"b":"{\\"b\\":"},"b":1,"a":2}', 'a'],
  ])('%s', (json, expected) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(findDuplicateKey(json)).toBe(expected);
  });
});
