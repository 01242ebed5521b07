import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nearShare } from '../lib/memory-nodes.mjs';
import { kindsOf, projected } from '../lib/thread-scaling.mjs';
import { ROWS, WINOGRAD, workItems } from '../lib/work-items.mjs';

const BANDWIDTH = { one: 10, two: 20, most: 20 };

describe('the serial share', () => {
  it('is the time that a second thread does not halve', () => {
    const [kind] = kindsOf([{ kind: 'a', one: 10, two: 6, bytes: 0, items: null }], BANDWIDTH);
    expect(kind).toMatchObject({ one: 10, two: 6, bound: false });
    expect(kind?.serial).toBeCloseTo(0.2);
  });

  it('is computed over all instructions of a kind, and is at least 0', () => {
    const instructions = [
      { kind: 'a', one: 10, two: 4, bytes: 0, items: null },
      { kind: 'b', one: 2, two: 2, bytes: 0, items: null },
      { kind: 'a', one: 10, two: 5, bytes: 0, items: null },
    ];
    expect(kindsOf(instructions, BANDWIDTH).map(({ kind, serial }) => [kind, serial])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('is not computed for a memory-bound kernel', () => {
    const [kind] = kindsOf([{ kind: 'a', one: 10, two: 10, bytes: 150, items: null }], BANDWIDTH);
    expect(kind?.bound).toBe(true);
  });
});

describe('a projection', () => {
  const step = (instruction, threads, bandwidth = BANDWIDTH) => {
    const instructions = [{ kind: 'a', one: 8, two: 4, bytes: 0, items: null, ...instruction }];
    return projected(instructions, kindsOf(instructions, bandwidth), bandwidth, threads);
  };

  it("follows Amdahl's law and reproduces both measurements", () => {
    expect(step({}, 8)).toBeCloseTo(1);
    expect(step({ two: 5 }, 1)).toBeCloseTo(8);
    expect(step({ two: 5 }, 2)).toBeCloseTo(5);
    expect(step({ two: 5 }, 8)).toBeCloseTo(2 + 6 / 8);
  });

  it('uses no more threads than there are parts', () => {
    expect(step({ items: 3 }, 2)).toBeCloseTo((8 * 2) / 3);
    expect(step({ items: 3 }, 64)).toBeCloseTo(8 / 3);
  });

  it('is never faster than memory', () => {
    expect(step({ bytes: 60 }, 64)).toBeCloseTo(3);
    expect(step({ bytes: 60 }, 8, { ...BANDWIDTH, most: 60 })).toBeCloseTo(1);
  });
});

describe('the parts of a kernel', () => {
  const type = (shape, dtype = 'float32') => ({ shape, dtype });
  const sums = (shape, dtype, threads) =>
    workItems(
      { op: 'abn_stats', attrs: {}, inputs: [type(shape, dtype)], outputs: [type([shape[1]])] },
      'simd',
      threads,
    );
  const weights = (inputs, outputs, threads) => {
    const spec = {
      op: 'conv2d_backward_weights',
      attrs: {},
      inputs: [type([1, inputs, 8, 8])],
      outputs: [type([outputs, inputs, 3, 3])],
    };
    return workItems(spec, 'winograd:avx2', threads);
  };

  it('of sums over pixels are chunks of rows, and blocks of channels for more threads', () => {
    expect(sums([16, 2048, 7, 7], 'float32', 2)).toBe(8);
    expect(sums([16, 2048, 7, 7], 'bfloat16', 2)).toBe(4);
    expect(sums([16, 2048, 7, 7], 'float32', 64)).toBe(64);
    expect(sums([16, 256, 56, 56], 'float32', 64)).toBe(64);
  });

  it("of Winograd's weight gradients are units of channels", () => {
    expect(weights(64, 64, 64)).toBe(8);
    expect(weights(64, 64, 2)).toBe(2);
    expect(weights(512, 512, 64)).toBe(64);
  });

  it("of a library's kernels are unknown", () => {
    expect(
      workItems(
        { op: 'conv2d', attrs: {}, inputs: [type([1, 8, 8, 8])], outputs: [type([1, 8, 8, 8])] },
        'brgconv',
        2,
      ),
    ).toBeNull();
  });

  it.each([
    ['loops/rows.h', ROWS],
    [
      'convolution/winograd_weights.cc',
      { kInputUnit: WINOGRAD.kInputUnit, kTransformCost: WINOGRAD.kTransformCost },
    ],
    [
      'convolution/winograd_tiles.h',
      { kGroupUnit: WINOGRAD.kGroupUnit, kGroupBytes: `int64_t{${WINOGRAD.kGroupMegabytes}} << 20` },
    ],
    ['convolution/winograd_engine.h', { kTile: WINOGRAD.kTile, kPatch: WINOGRAD.kPoints ** 0.5 }],
  ])('follow from the constants of %s', (file, constants) => {
    const source = readFileSync(new URL(`../../native/cpu/${file}`, import.meta.url), 'utf8');
    const found = Object.keys(constants).map((name) => new RegExp(`\\b${name} = ([^;,]+)`).exec(source)?.[1]);
    expect(found).toEqual(Object.values(constants).map(String));
  });
});

describe('memory of two nodes', () => {
  const MIB = 2 ** 20;

  it('can all be near if every operand divides it alike', () => {
    expect(
      nearShare(
        [
          { offset: 0, bytes: MIB },
          { offset: 0, bytes: MIB },
        ],
        2,
      ),
    ).toBe(1);
    expect(nearShare([], 2)).toBe(1);
  });

  it('cannot all be near if operands of other sizes share an address range', () => {
    // The second half of the short operand lies in the first half of the long one.
    expect(
      nearShare(
        [
          { offset: 0, bytes: MIB },
          { offset: 0, bytes: MIB / 2 },
        ],
        2,
      ),
    ).toBeCloseTo(1.25 / 1.5);
    expect(
      nearShare(
        [
          { offset: 0, bytes: MIB / 2 },
          { offset: MIB / 4, bytes: MIB / 2 },
        ],
        2,
      ),
    ).toBeCloseTo(0.75);
  });
});
