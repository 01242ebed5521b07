import { describe, expect, test } from 'vitest';
import {
  bytesPerElement,
  dtypeOf,
  elementCount,
  formatBytes,
  HOST_DTYPES,
  hasNonFinite,
  holds,
  isHostDType,
  parseBytes,
  tensorBytes,
  tensorFromBuffer,
  toFloat64,
  viewAs,
  zeros,
} from '../src/index.js';

const dtypes = HOST_DTYPES.filter(isHostDType);

describe.each(dtypes)('%s', (dtype) => {
  test('zeros round-trips through its bytes', () => {
    const tensor = zeros({ dtype, shape: [2, 3] });
    const bytes = tensorBytes(tensor);
    expect(bytes.byteLength).toBe(6 * bytesPerElement(dtype));
    expect(tensorFromBuffer({ dtype, shape: [2, 3] }, bytes.slice().buffer)).toEqual(tensor);
    expect(holds(tensor.data, dtype)).toBe(true);
    expect(bytesPerElement(dtypeOf(tensor.data))).toBe(bytesPerElement(dtype));
    expect([...toFloat64(dtype, tensor.data)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('a view of bytes at an odd offset holds the same elements', () => {
    const size = bytesPerElement(dtype);
    const bytes = Uint8Array.from({ length: 1 + 2 * size }, (_, index) => index);
    const view = viewAs(dtype, bytes.subarray(1));
    expect(view.length).toBe(2);
    expect(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)).toEqual(bytes.slice(1));
  });
});

test('holds rejects an array of another class', () => {
  expect(holds(new Float64Array(1), 'float32')).toBe(false);
  expect(holds(new Int32Array(1), 'int64')).toBe(false);
  expect(holds(new Uint16Array(1), 'float16')).toBe(true);
});

test('elementCount is NaN for an invalid shape', () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([3, 0])).toBe(0);
  expect(elementCount([3, -1])).toBeNaN();
  expect(elementCount([2 ** 40, 2 ** 40])).toBeNaN();
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.50 KiB'],
  [12.3 * 2 ** 20, '12.3 MiB'],
  [2 ** 50, '1024 TiB'],
])('formats %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  ['1500MB', 1.5e9],
  ['1.5 GiB', 1.5 * 2 ** 30],
  ['12', 12],
  ['0', null],
  ['2 parsecs', null],
])('parses "%s" as %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ['float32', Float32Array.of(1, Number.NaN), Float32Array.of(3e38, -0)],
  ['bfloat16', Uint16Array.of(0x3f80, 0xff80), Uint16Array.of(0x7f7f, 0x7c00)],
  ['float16', Uint16Array.of(0x3c00, 0x7e01), Uint16Array.of(0x7bff, 0)],
] as const)('infinity and NaN are found in %s', (dtype, broken, finite) => {
  expect([hasNonFinite(broken, dtype), hasNonFinite(finite, dtype)]).toEqual([true, false]);
});

test('integers are finite', () => {
  expect(hasNonFinite(Int32Array.of(0x7f800000, -1), 'int32')).toBe(false);
});
