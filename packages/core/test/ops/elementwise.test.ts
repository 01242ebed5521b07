/** Other ops: casts, constants, color, dropout, guards, statistics. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotFiniteError } from '../../src/errors.js';
import { activate, activationDiff } from '../../src/ir/activations.js';
import { abnRunning } from '../../src/ops/abn_running.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { activation } from '../../src/ops/activation.js';
import { broadcastAdd } from '../../src/ops/broadcast_add.js';
import { cast } from '../../src/ops/cast.js';
import { colorTransform } from '../../src/ops/color_transform.js';
import { constant } from '../../src/ops/constant.js';
import { dropout, dropoutBits } from '../../src/ops/dropout.js';
import { guardFinite } from '../../src/ops/guard_finite.js';
import { literal } from '../../src/ops/literal.js';
import { compute, draw, emitted, expectClose, scalar, tensor, vectorJacobian } from './harness.js';

describe('dropout', () => {
  // Computed in Python from the formula in dropout.ts with 32-bit masks.
  it.each([
    [0, 0, 1, 1492470133],
    [7, 3, 12345, 1550890171],
    [-1, 1, 2 ** 32, 2267045822],
    [123456789, 1000, 5 * 2 ** 32 + 17, 1783296430],
  ])('hashes seed %i, stream %i, index %i', (seed, stream, index, bits) => {
    expect(dropoutBits(seed, stream, index)).toBe(bits);
  });

  const drop = (
    attrs: { p: number; stream: number; channelwise: boolean },
    shape: readonly number[],
    seed = 5,
  ) => {
    const x = { shape, data: new Float64Array(shape.reduce((a, b) => a * b)).fill(1) };
    return compute({ x, seed: tensor([], [seed], 'int32') }, (v) => ({ y: dropout(v.x, v.seed, attrs) })).y;
  };

  it('keeps a fraction of 1 − p, scaled to preserve the mean', () => {
    const y = drop({ p: 0.3, stream: 1, channelwise: false }, [4, 50, 100]);
    const kept = y.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([1 / 0.7]));
    // Six standard deviations of a binomial distribution of 20,000 draws.
    expect(Math.abs(kept.length / y.length - 0.7)).toBeLessThan(6 * Math.sqrt(0.21 / y.length));
  });

  it('depends on seed and stream; p of 0 keeps all, p of 1 nothing', () => {
    const attrs = { p: 0.5, stream: 1, channelwise: false };
    expect(drop(attrs, [2, 64])).toEqual(drop(attrs, [2, 64]));
    expect(drop(attrs, [2, 64])).not.toEqual(drop(attrs, [2, 64], 6));
    expect(drop(attrs, [2, 64])).not.toEqual(drop({ ...attrs, stream: 2 }, [2, 64]));
    expect(new Set(drop({ ...attrs, p: 0 }, [2, 64]))).toEqual(new Set([1]));
    expect(new Set(drop({ ...attrs, p: 1 }, [2, 64]))).toEqual(new Set([0]));
  });

  it('drops whole channels of an image when channelwise', () => {
    const [n, width, area] = [3, 8, 5];
    const y = drop({ p: 0.5, stream: 0, channelwise: true }, [n, width, area]);
    const maps = Array.from({ length: n * width }, (_, map) => {
      const first = Math.floor(map / width) * area * width + (map % width);
      return new Set(Array.from({ length: area }, (_, s) => y[first + s * width]));
    });
    expect(maps.every((values) => values.size === 1)).toBe(true);
    expect(new Set(y)).toEqual(new Set([0, 2]));
  });
});

describe('activation', () => {
  it.each([
    ['identity', [-2, 0, 3], [1, 1, 1]],
    ['relu', [0, 0, 3], [0, 0, 1]],
    ['leaky_relu', [-0.5, 0, 3], [0.25, 0.25, 1]],
    ['elu', [0.25 * Math.expm1(-2), 0, 3], [0.25 * Math.exp(-2), 0.25, 1]],
  ] as const)('%s and its derivative', (name, images, slopes) => {
    const attrs = { activation: name, slope: 0.25 };
    const x = tensor([1, 3], [-2, 0, 3]);
    expectClose(compute({ x }, (v) => ({ z: activation(v.x, attrs) })).z, images);
    const { x: dx = [] } = vectorJacobian(
      { x },
      ['x'],
      (v) => activation(v.x, attrs),
      tensor([1, 3], [1, 1, 1]),
    );
    expectClose(dx, slopes);
    expect(activate(Number.NaN, attrs)).toBeNaN();
  });

  it('has no negative derivative if elu rounds below −α', () => {
    expect(activationDiff(2, -1.01, { activation: 'elu', slope: 1 })).toBe(0);
    expect(activationDiff(Number.NaN, -1, { activation: 'relu', slope: 0 })).toBe(0);
  });
});

describe('abn_stats and abn_running', () => {
  it('give mean and biased variance, unbiased in the running average', () => {
    const operands = {
      x: tensor([2, 2, 2], [1, 10, 3, 10, 5, 10, 7, 14]),
      mean: tensor([2], [1, 1]),
      variance: tensor([2], [1, 1]),
      batches: tensor([], [3], 'int64'),
    };
    const stats = compute(operands, (v) => abnStats(v.x));
    expect([...stats.mean, ...stats.variance]).toEqual([4, 11, 5, 3]);
    const running = (momentum: number | null) =>
      compute(operands, ({ x, ...states }) => abnRunning(states, abnStats(x), { momentum, count: 4 }));
    expectClose(running(0.1).mean, [1.3, 2]);
    expectClose(running(0.1).variance, [0.9 + 0.1 * (20 / 3), 0.9 + 0.1 * 4]);
    expectClose(running(null).mean, [1.75, 3.5]);
    expectClose(running(null).batches, [4]);
  });

  it('preserves a small variance with a large mean', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), (offset) => {
        const x = tensor(
          [4, 1],
          [1, 2, 3, 6].map((value) => value + offset),
        );
        expectClose(compute({ x }, (v) => ({ y: abnStats(v.x).variance })).y, [3.5], 1e-9);
      }),
    );
  });
});

describe('color_transform', () => {
  it('maps each image by its own matrix', () => {
    const swapAndShift = [0, 0, 1, 0, 0, 1, 0, 0.5, 1, 0, 0, 0];
    const sum = [1, 1, 1, 0, 0, 0, 0, -1, 0, 0, 2, 1];
    const operands = {
      images: tensor([2, 3, 1, 2], [0, 51, 255, 102, 0, 0, 51, 51, 51, 255, 0, 0], 'uint8'),
      color: tensor([2, 12], [...swapAndShift, ...sum]),
    };
    const { x } = compute(operands, (v) => ({ x: colorTransform(v.images, v.color) }));
    expectClose(x, [1, 0.7, 0, 0, 0.5, 0.4, 0.6, -1, 1.4, 1, -1, 1]);
    expect(emitted(operands, (v) => colorTransform(v.images, v.color, 'bfloat16')).dtype).toBe('bfloat16');
  });
});

describe('cast, constant and guard_finite', () => {
  it('cast changes only the dtype, and its gradient casts back', () => {
    const x = draw('x', [2, 3]);
    const y = emitted({ x }, (v) => cast(v.x, 'bfloat16'));
    expect(y.dtype).toBe('bfloat16');
    expect(emitted({ x }, (v) => cast(v.x, 'float32') === v.x)).toBe(true);
    const { x: dx } = vectorJacobian({ x }, ['x'], (v) => cast(v.x, 'bfloat16'), { ...x, dtype: 'bfloat16' });
    expect(dx).toEqual(x.data);
  });

  it('literal holds its numbers and rejects infinite ones', () => {
    const { c } = compute({}, (_, tracer) => ({ c: literal(tracer, [1, -2.5]) }));
    expect([...c]).toEqual([1, -2.5]);
    expect(() => compute({}, (_, tracer) => ({ c: literal(tracer, [1, Number.NaN]) }))).toThrow(
      'literal: expected finite numbers but received NaN at index 1',
    );
  });

  it('constant fills its shape', () => {
    const { c } = compute({}, (_, tracer) => ({ c: constant(tracer, 2.5, [2, 2]) }));
    expect([...c]).toEqual([2.5, 2.5, 2.5, 2.5]);
    expect(emitted({}, (_, tracer) => constant(tracer, 1)).shape).toEqual([]);
  });

  it('guard_finite names the value and stops the evaluation', () => {
    const guarded = (value: number) => () =>
      compute({ x: scalar(value) }, (v) => {
        guardFinite(v.x, 'loss');
        return { x: v.x };
      });
    expect(guarded(1)).not.toThrow();
    expect(guarded(Number.NaN)).toThrow(new NotFiniteError('loss is not finite (NaN)'));
    expect(guarded(Number.NEGATIVE_INFINITY)).toThrow('loss is not finite (-Infinity)');
  });
});

describe('broadcast_add', () => {
  // N 2, C 2, H×W 1×2, channels-last.
  const operands = {
    a: tensor([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, -20]),
    b: tensor([2, 2, 1, 1], [10, -20, 30, 5]),
  };

  it('adds one value per image and channel at every position', () => {
    const { y } = compute(operands, (v) => ({ y: broadcastAdd(v.a, v.b) }));
    expect([...y]).toEqual([11, -18, 13, -16, 35, 11, 37, -15]);
    const { relu } = compute(operands, (v) => ({
      relu: broadcastAdd(v.a, v.b, { activation: 'relu', slope: 0 }),
    }));
    expect([...relu]).toEqual([11, 0, 13, 0, 35, 11, 37, 0]);
  });

  it('has the sum over positions as its gradient', () => {
    const cotangent = tensor([2, 2, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const { a, b } = vectorJacobian(operands, ['a', 'b'], (v) => broadcastAdd(v.a, v.b), cotangent);
    expect([...(a ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...(b ?? [])]).toEqual([4, 6, 12, 14]);
  });
});
