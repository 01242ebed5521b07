import { describe, expect, it } from 'vitest';
import { insertRows } from '../../src/ops/insert_rows.js';
import { sliceRows } from '../../src/ops/slice_rows.js';
import { channelsLast, compute, draw, emitted, tensor } from './harness.js';

const SHAPE = [2, 3, 4, 2];
const image = {
  x: tensor(
    SHAPE,
    channelsLast(
      SHAPE,
      Float64Array.from({ length: 48 }, (_, i) => i),
    ),
  ),
};

describe('slice_rows', () => {
  it('takes rows of every image', () => {
    const { y } = compute(image, ({ x }) => ({ y: sliceRows(x, 1, 2) }));
    const rows = [2, 3, 4, 5, 10, 11, 12, 13, 18, 19, 20, 21].flatMap((first) => [first]);
    const expected = [...rows, ...rows.map((value) => value + 24)];
    expect(y).toEqual(channelsLast([2, 3, 2, 2], expected));
  });

  it.each([
    [-1, 2],
    [3, 2],
    [0, 0],
    [0.5, 1],
  ])('rejects a slice from %j of length %j', (begin, length) => {
    expect(() => emitted(image, ({ x }) => sliceRows(x, begin, length))).toThrow(
      /expected a nonempty range within 4 rows but received \[/,
    );
  });
});

describe('insert_rows', () => {
  it('reassembles strips into the original', () => {
    const { y } = compute(image, ({ x }) => {
      const upper = insertRows(sliceRows(x, 0, 1), null, 0, 4);
      return { y: insertRows(sliceRows(x, 1, 3), upper, 1, 4) };
    });
    expect(y).toEqual(image.x.data);
  });

  it('is zero where nothing was inserted', () => {
    const { y } = compute({ x: tensor([1, 1, 1, 2], [5, 6]) }, ({ x }) => ({ y: insertRows(x, null, 1, 3) }));
    expect([...y]).toEqual([0, 0, 5, 6, 0, 0]);
  });

  it('rejects a result of another shape and a strip that does not fit', () => {
    const operands = { x: draw('x', [1, 2, 2, 3]), into: draw('into', [1, 2, 4, 4]) };
    expect(() => emitted(operands, ({ x, into }) => insertRows(x, into, 0, 4))).toThrow(
      'expected float32[1,2,4,3] for into but received float32[1,2,4,4]',
    );
    expect(() => emitted(operands, ({ x }) => insertRows(x, null, 3, 4))).toThrow(
      'within 4 rows but received [3, 5)',
    );
  });
});
