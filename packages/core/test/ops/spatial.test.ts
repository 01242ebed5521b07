/** Resizing and padding, compared with numbers from PyTorch, and their gradients. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/value.js';
import { blurPool } from '../../src/ops/blur_pool.js';
import { padReplicate } from '../../src/ops/pad_replicate.js';
import { resizeBilinear } from '../../src/ops/resize_bilinear.js';
import { spaceToDepth } from '../../src/ops/space_to_depth.js';
import type { Pair } from '../../src/ops/support/window.js';
import {
  channelsLast,
  compute,
  draw,
  expectClose,
  expectGradient,
  tensor,
  vectorJacobian,
} from './harness.js';

const image = { x: tensor([1, 1, 2, 3], [1, 5, 2, 8, -3, 7]) };

/** The output, and the gradient for dy = 1, 2, 3, … */
function ramp(body: (v: { x: Value }) => Value): { y: Float64Array; dx: Float64Array } {
  let shape: readonly number[] = [];
  const { y } = compute(image, (v) => {
    const value = body(v);
    shape = value.shape;
    return { y: value };
  });
  const dy = tensor(
    shape,
    y.map((_, i) => i + 1),
  );
  return { y, dx: vectorJacobian(image, ['x'], body, dy).x ?? new Float64Array() };
}

describe('resize_bilinear', () => {
  // torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False) in float64.
  it.each<[Pair, number[], number[]]>([
    [
      [4, 6],
      [
        [1, 2, 4, 4.25, 2.75, 2],
        [2.75, 2.8125, 2.9375, 3.0625, 3.1875, 3.25],
        [6.25, 4.4375, 0.8125, 0.6875, 4.0625, 5.75],
        [8, 5.25, -0.25, -0.5, 4.5, 7],
      ].flat(),
      [21.5, 29, 36.5, 63.5, 71, 78.5],
    ],
    [
      [3, 5],
      [1, 2.6, 5, 3.2, 2, 4.5, 3.1, 1, 3.1, 4.5, 8, 3.6, -3, 3, 7],
      [7.3, 12.6, 15.1, 23.3, 30.6, 31.1],
    ],
    [
      [1, 2],
      [3.625, 3.625],
      [0.375, 0.375, 0.75, 0.375, 0.375, 0.75],
    ],
    [
      [5, 1],
      [5, 4.2, 1, -2.2, -3],
      [0, 4.7, 0, 0, 10.3, 0],
    ],
  ])("matches PyTorch's pixels and gradient at %s", (size, y, dx) => {
    const found = ramp((v) => resizeBilinear(v.x, size));
    expectClose(found.y, y);
    expectClose(found.dx, dx);
  });

  it('does not mix channels or images', () => {
    // Two images with two channels of 1×2 pixels, resized to twice the width.
    const logical = [0, 4, 10, 14, 20, 28, -1, -1];
    const x = { shape: [2, 2, 1, 2], data: channelsLast([2, 2, 1, 2], logical) };
    const { y } = compute({ x }, (v) => ({ y: resizeBilinear(v.x, [1, 4]) }));
    const expected = [0, 1, 3, 4, 10, 11, 13, 14, 20, 22, 26, 28, -1, -1, -1, -1];
    expectClose(y, channelsLast([2, 2, 1, 4], expected));
  });

  it('copies at the same size, and does not read pixels of weight zero', () => {
    const odd = { x: tensor([1, 1, 2, 2], [Number.NaN, Number.POSITIVE_INFINITY, -0, 3]) };
    const { same, wider } = compute(odd, (v) => ({
      same: resizeBilinear(v.x, [2, 2]),
      wider: resizeBilinear(v.x, [2, 4]),
    }));
    expect([...same].map(String)).toEqual(['NaN', 'Infinity', '0', '3']);
    expect([...wider.subarray(4)]).toEqual([0, 0.75, 2.25, 3]);
  });

  it('has a gradient at every ratio', () => {
    const size = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }));
    fc.assert(
      fc.property(size, size, (from, to) => {
        expectGradient({ x: draw('x', [2, 3, ...from]) }, ['x'], (v) => resizeBilinear(v.x, to));
      }),
      { numRuns: 40 },
    );
  });
});

describe('pad_replicate', () => {
  const padding = { top: 1, bottom: 3, left: 2, right: 0 };

  it("matches PyTorch's pixels and gradient", () => {
    // torch.nn.functional.pad(x, (2, 0, 1, 3), mode='replicate')
    const { y, dx } = ramp((v) => padReplicate(v.x, padding));
    const [upper, lower] = [
      [1, 1, 1, 5, 2],
      [8, 8, 8, -3, 7],
    ] as const;
    expect([...y]).toEqual([upper, upper, lower, lower, lower, lower].flat());
    expect([...dx]).toEqual([27, 13, 15, 234, 86, 90]);
  });

  it('has a gradient', () => {
    expectGradient({ x: draw('x', [2, 3, 4, 2]) }, ['x'], (v) => padReplicate(v.x, padding));
    expectGradient({ x: draw('x', [1, 2, 1, 1]) }, ['x'], (v) => padReplicate(v.x, padding));
  });
});

describe('blur_pool', () => {
  it("gives PyTorch's pixels and gradient", () => {
    // conv2d(pad(x, (1, 1, 1, 1), 'reflect'), outer([1, 2, 1], [1, 2, 1]) / 16, stride=2)
    const { y, dx } = ramp((v) => blurPool(v.x));
    expect([...y]).toEqual([2.75, 2.75]);
    expect([...dx]).toEqual([0.25, 0.75, 0.5, 0.25, 0.75, 0.5]);
  });

  it('preserves a constant image', () => {
    const ones = { x: tensor([1, 1, 5, 8], Array<number>(40).fill(3)) };
    expect([...compute(ones, (v) => ({ y: blurPool(v.x) })).y]).toEqual(Array(12).fill(3));
  });

  it.each([
    [2, 2],
    [3, 5],
    [4, 7],
  ])('has a gradient for %i×%i', (height, width) => {
    expectGradient({ x: draw('x', [2, 3, height, width]) }, ['x'], (v) => blurPool(v.x));
  });
});

describe('space_to_depth', () => {
  it("orders channels like TResNet's stem", () => {
    // x.view(N, C, H//b, b, W//b, b).permute(0, 3, 5, 1, 2, 4).reshape(N, C*b*b, H//b, W//b)
    const pixels = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17];
    const x = { x: tensor([1, 2, 2, 4], channelsLast([1, 2, 2, 4], pixels)) };
    const { y } = compute(x, (v) => ({ y: spaceToDepth(v.x, 2) }));
    expect([...y]).toEqual([0, 10, 1, 11, 4, 14, 5, 15, 2, 12, 3, 13, 6, 16, 7, 17]);
  });

  it('has a gradient', () => {
    expectGradient({ x: draw('x', [2, 3, 4, 6]) }, ['x'], (v) => spaceToDepth(v.x, 2));
  });
});
