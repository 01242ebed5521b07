/** Elementwise functions, sums and reshapes on the reference kernels. */

import type { Shape } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivatives, inverse } from '../../src/ir/calculus.js';
import {
  call,
  type Expression,
  evaluator,
  fits,
  formatExpression,
  number,
  operand,
  parseExpression,
} from '../../src/ir/expression.js';
import type { Value } from '../../src/ir/value.js';
import {
  abs,
  div,
  exp,
  expand,
  flatten,
  log,
  mean,
  mul,
  neg,
  relu,
  reshape,
  sigmoid,
  silu,
  sqrt,
  square,
  sub,
  sum,
  tanh,
} from '../../src/ops/functions.js';
import { channelsLast, compute, draw, emitted, expectClose, expectGradient, tensor } from './harness.js';

const positive = (name: string, shape: Shape) => {
  const { data } = draw(name, shape);
  return { shape, data: data.map((value) => 0.5 + Math.abs(value)) };
};

describe('functions', () => {
  const unary: [string, (x: Value) => Value, (x: number) => number][] = [
    ['neg', neg, (x) => -x],
    ['exp', exp, Math.exp],
    ['log', log, Math.log],
    ['sqrt', sqrt, Math.sqrt],
    ['square', square, (x) => x * x],
    ['abs', abs, Math.abs],
    ['sigmoid', sigmoid, (x) => 1 / (1 + Math.exp(-x))],
    ['tanh', tanh, Math.tanh],
    ['relu', relu, (x) => Math.max(x, 0)],
    ['silu', silu, (x) => x / (1 + Math.exp(-x))],
  ];

  it.each(unary)('%s is right, and so is its gradient', (name, fn, meaning) => {
    const shape = [2, 3, 4, 5];
    const x = name === 'log' || name === 'sqrt' ? positive('x', shape) : draw('x', shape);
    const { y } = compute({ x }, (v) => ({ y: fn(v.x) }));
    expectClose(y, x.data.map(meaning));
    expectGradient({ x }, ['x'], (v) => fn(v.x));
  });

  const shapes: Shape[] = [
    [2, 3, 4, 5],
    [],
    [1],
    [3],
    [2, 3],
    [2, 3, 1, 1],
    [2, 1],
    [2, 1, 4, 5],
    [1, 1, 4, 1],
  ];
  const binary: [string, (a: Value, b: Value) => Value][] = [
    ['sub', sub],
    ['mul', mul],
    ['div', div],
  ];

  it.each(binary)('%s has the right gradients for every kind of broadcasting', (_, fn) => {
    for (const shape of shapes) {
      const operands = { a: positive('a', [2, 3, 4, 5]), b: positive('b', shape) };
      expectGradient(operands, ['a', 'b'], (v) => fn(v.a, v.b));
      expectGradient(operands, ['b', 'a'], (v) => fn(v.b, v.a));
    }
    const rows = { a: positive('a', [4, 1]), b: positive('b', [1, 5]) };
    expectGradient(rows, ['a', 'b'], (v) => fn(v.a, v.b));
  });

  it('treat numbers as scalars', () => {
    const x = tensor([1, 2], [2, -4]);
    const { a, b, c } = compute({ x }, (v) => ({ a: sub(1, v.x), b: div(v.x, 2), c: mul(0.5, v.x) }));
    expect([...a, ...b, ...c]).toEqual([-1, 5, 1, -2, 1, -2]);
    expect(() => emitted({ x }, (v) => mul(v.x, Number.NaN))).toThrow('mul: expected a finite number');
    expect(() => mul(2, 3)).toThrow('mul needs at least one value');
  });

  it('broadcast a vector along the channels, and [N,C] to every pixel', () => {
    const shape = [2, 2, 1, 2];
    const x = tensor(shape, channelsLast(shape, [1, 2, 3, 4, 5, 6, 7, 8]));
    const operands = { x, c: tensor([2], [10, 100]), g: tensor([2, 2], [1, 2, 3, 4]) };
    const { a, b } = compute(operands, (v) => ({ a: mul(v.x, v.c), b: mul(v.g, v.x) }));
    expect(a).toEqual(channelsLast(shape, [10, 20, 300, 400, 50, 60, 700, 800]));
    expect(b).toEqual(channelsLast(shape, [1, 2, 6, 8, 15, 18, 28, 32]));
  });

  it('keep the dtype of the largest operand, at any position', () => {
    const operands = { x: { ...draw('x', [2, 3]), dtype: 'bfloat16' as const }, c: draw('c', [3]) };
    expect(emitted(operands, (v) => sub(v.c, v.x)).dtype).toBe('bfloat16');
    expect(emitted(operands, (v) => sub(v.c, v.x)).shape).toEqual([2, 3]);
  });

  it('report shapes that do not fit', () => {
    const operands = { a: draw('a', [2, 3, 4, 5]), b: draw('b', [4, 5]), i: tensor([2], [1, 2], 'int32') };
    expect(() => emitted(operands, (v) => mul(v.a, v.b))).toThrow(
      '[2,3,4,5] and [4,5] cannot be broadcast along axis 0',
    );
    expect(() => emitted(operands, (v) => exp(v.i))).toThrow('expected float32, bfloat16 or float16');
    expect(() =>
      emitted({}, (_, tracer) => {
        const weight = tracer.state('w', [2, 3, 3, 3], 'float32', 'parameter');
        return mul(weight, tracer.input('s', [2, 3, 1, 1], 'float32'));
      }),
    ).toThrow('is stored as a weight, not channels-last');
  });
});

describe('sum and mean', () => {
  const shape = [2, 3, 2, 4];
  const x = draw('x', shape);
  const logical = (n: number, c: number, h: number, w: number) => x.data[((n * 2 + h) * 4 + w) * 3 + c] ?? 0;

  it.each<[number[] | undefined, boolean, Shape]>([
    [undefined, false, []],
    [[0, 1, 2, 3], true, [1, 1, 1, 1]],
    [[2, 3], false, [2, 3]],
    [[-1, -2], true, [2, 3, 1, 1]],
    [[0, 2, 3], false, [3]],
    [[1], true, [2, 1, 2, 4]],
    [[1], false, [2, 2, 4]],
    [[0], false, [3, 2, 4]],
    [[1, 2, 3], false, [2]],
    [[0, 1], false, [2, 4]],
    [[0, 3], true, [1, 3, 2, 1]],
  ])('over %j, kept: %s', (axes, keep, expected) => {
    const result = emitted({ x }, (v) => sum(v.x, axes, { keep }));
    expect(result.shape).toEqual(expected);
    expect(result.dtype).toBe('float32');
    const { s, m } = compute({ x }, (v) => ({ s: sum(v.x, axes, { keep }), m: mean(v.x, axes, { keep }) }));
    const gone = new Set((axes ?? [0, 1, 2, 3]).map((axis) => (axis + 4) % 4));
    const sums = new Map<string, number>();
    for (let n = 0; n < 2; n++)
      for (let c = 0; c < 3; c++)
        for (let h = 0; h < 2; h++)
          for (let w = 0; w < 4; w++) {
            const key = [n, c, h, w].map((place, axis) => (gone.has(axis) ? 0 : place)).join();
            sums.set(key, (sums.get(key) ?? 0) + logical(n, c, h, w));
          }
    const wanted = channelsLast(expected.length < 3 ? [1, 1, sums.size] : expected, [...sums.values()]);
    expectClose(s, wanted);
    const count = 48 / sums.size;
    expectClose(
      m,
      wanted.map((value) => value / count),
    );
    if (axes?.length !== 1 && axes?.join() !== '0,1' && axes?.join() !== '0,3') {
      expectGradient({ x }, ['x'], (v) => sum(v.x, axes, { keep: true }));
    }
  });

  it('reject nonexistent axes', () => {
    expect(() => emitted({ x }, (v) => sum(v.x, [4]))).toThrow('[2,3,2,4] has no axis 4');
  });
});

describe('reshape and flatten', () => {
  const shape = [2, 3, 2, 2];
  const values = Array.from({ length: 24 }, (_, i) => i);
  const x = tensor(shape, channelsLast(shape, values));

  it("keep PyTorch's order", () => {
    const { flat, images, other, same } = compute({ x }, (v) => ({
      flat: flatten(v.x),
      images: reshape(flatten(v.x), shape),
      other: reshape(v.x, [4, -1, 3]),
      same: reshape(v.x, [24]),
    }));
    expect([...flat]).toEqual(values);
    expect([...same]).toEqual(values);
    expect(images).toEqual(x.data);
    expect(other).toEqual(channelsLast([4, 2, 3], values));
  });

  it('do not move images with one pixel or one channel', () => {
    const ops = (of: Shape) =>
      emitted({ x: draw('x', of) }, (v, tracer) => {
        flatten(v.x);
        return tracer.traced.map(({ op }) => op.name);
      });
    expect(ops([2, 3, 1, 1])).toEqual(['reshape']);
    expect(ops([2, 1, 4, 4])).toEqual(['reshape']);
    expect(ops([2, 3, 4, 4])).toEqual(['flatten']);
    expect(ops([2, 3])).toEqual([]);
  });

  it('have gradients', () => {
    const of = draw('x', shape);
    expectGradient({ x: of }, ['x'], (v) => flatten(v.x));
    expectGradient({ x: draw('x', [2, 12]) }, ['x'], (v) => reshape(v.x, [2, 3, 4]));
    expectGradient({ x: draw('x', [2, 12]) }, ['x'], (v) => reshape(v.x, [8, 3]));
  });

  it('explain why a reshape is invalid', () => {
    expect(() => emitted({ x }, (v) => reshape(v.x, [5, -1]))).toThrow(
      '[2,3,2,2] cannot be reshaped to [5,-1]',
    );
  });
});

describe('expand', () => {
  it('repeats along missing axes, and its gradient sums over them', () => {
    const operands = { g: tensor([1, 2], [3, 4]) };
    const { y } = compute(operands, (v) => ({ y: expand(v.g, [2, 2, 2]) }));
    expect([...y]).toEqual([3, 4, 3, 4, 3, 4, 3, 4]);
    expectGradient(operands, ['g'], (v) => expand(v.g, [2, 2, 2]));
  });
});

describe('expressions', () => {
  const leaf = fc.oneof(
    fc.integer({ min: 0, max: 2 }).map(operand),
    fc.double({ min: 0.25, max: 2, noNaN: true }).map(number),
  );
  const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(fc.constantFrom('sigmoid', 'tanh', 'neg', 'abs'), tie('tree')).map(([fn, a]) => call(fn, a)),
      fc
        .tuple(fc.constantFrom('add', 'sub', 'mul'), tie('tree'), tie('tree'))
        .map(([fn, a, b]) => call(fn, a, b)),
    ),
  }));
  const at = fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.3, max: 1.5, noNaN: true })));

  it('round-trip through their text', () => {
    fc.assert(
      fc.property(tree, at, (root, values) => {
        fc.pre(formatExpression(root).length < 2000);
        const read = parseExpression(formatExpression(root));
        expect(evaluator(read)(values)).toBe(evaluator(root)(values));
        expect(formatExpression(read)).toBe(formatExpression(root));
      }),
    );
  });

  it('have derivatives that match finite differences', () => {
    fc.assert(
      fc.property(tree, at, fc.integer({ min: 0, max: 2 }), (root, values, index) => {
        const f = evaluator(root);
        const part = derivatives(root, 3, number(1), null)[index];
        const moved = (step: number) => f(values.map((value, i) => value + (i === index ? step : 0)));
        const difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        const analytic = part ? evaluator(part)(values) : 0;
        // Finite differences are meaningless at the kink of |x|.
        const kink = Math.abs(moved(1e-4) + moved(-1e-4) - 2 * f(values)) > 1e-5;
        fc.pre(!kink);
        expect(Math.abs(analytic - difference)).toBeLessThan(1e-5 * Math.max(1, Math.abs(difference)));
      }),
    );
  });

  it.each([
    'neg(x0)',
    'add(x0,x1)',
    'sub(x1,x0) mul(t0,0.5)',
    'exp(x0) sub(x1,t0)',
    'leaky_relu(x0,0.1)',
    'elu(x0,0.5) add(t0,2)',
  ])('%s is invertible for its operand', (text) => {
    fc.assert(
      fc.property(at, (values) => {
        const root = parseExpression(text);
        const found = inverse(root, 0, operand(3));
        if (!found) throw new Error('no inverse');
        const z = evaluator(root)(values);
        expectClose([evaluator(found)([Number.NaN, values[1] ?? 0, Number.NaN, z])], [values[0] ?? 0], 1e-9);
      }),
    );
  });

  it.each([
    'mul(x0,x1)',
    'sigmoid(x0)',
    'tanh(x0)',
    'abs(x0)',
    'relu(x0)',
    'mul(x0,x0)',
    'mul(x0,0)',
    'sub(x0,x1) add(t0,x0)',
  ])('%s is not invertible', (text) => {
    expect(inverse(parseExpression(text), 0, operand(3))).toBeNull();
  });

  it('fit a kernel up to a limit', () => {
    const chain = (length: number) =>
      Array.from({ length }).reduce<Expression>((x) => call('tanh', x), operand(0));
    expect(fits(chain(48))).toBe(true);
    expect(fits(chain(49))).toBe(false);
    const wide = Array.from({ length: 9 }, (_, i) => operand(i)).reduce((a, b) => call('add', a, b));
    expect(fits(wide)).toBe(false);
  });

  it.each(['', 'x', 'fly(x0)', 'mul(x0,', 'mul(x0,t0)', 'mul(x0,one)'])('are rejected: %j', (text) => {
    expect(() => parseExpression(text)).toThrow('not an expression');
  });
});
