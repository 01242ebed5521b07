/** Elementwise ops, sums and reshapes, compared with PyTorch: results, and gradients of all operands. */
import { elements, type Shape } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/value.js';
import { constant } from '../../src/ops/constant.js';
import {
  abs,
  div,
  exp,
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
import { gradients } from '../../src/passes/gradient.js';
import { readJson } from '../support/fixtures.js';
import { toStorage } from '../support/layout.js';
import { normal } from '../support/prng.js';
import { compute, expectClose, type Operands, tensor } from './harness.js';

interface Fixture {
  readonly op: string;
  readonly shapes: readonly Shape[];
  /** Operands are 0.5 + |normal|. */
  readonly positive: boolean;
  readonly axes?: readonly number[];
  readonly to?: Shape;
  readonly shape: Shape;
  readonly y: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

const fixtures = readJson<readonly Fixture[]>(new URL('../fixtures/elementwise.json', import.meta.url));

const UNARY: Readonly<Record<string, (x: Value) => Value>> = {
  abs,
  exp,
  flatten,
  log,
  neg,
  relu,
  sigmoid,
  silu,
  sqrt,
  square,
  tanh,
};
const BINARY: Readonly<Record<string, (a: Value, b: Value) => Value>> = { div, mul, sub };
const REDUCE: Readonly<Record<string, (x: Value, axes?: readonly number[]) => Value>> = { mean, sum };

function applied({ op, axes, to }: Fixture, [a, b]: readonly Value[]): Value {
  if (!a) throw new Error('no operand');
  const [unary, binary, reduce] = [UNARY[op], BINARY[op], REDUCE[op]];
  if (unary) return unary(a);
  if (binary && b) return binary(a, b);
  if (reduce) return reduce(a, axes);
  if (to) return reshape(a, to);
  throw new Error(`no op ${op}`);
}

/** Logical elements in storage order; vectors and matrices are unchanged. */
const stored = (shape: Shape, logical: ArrayLike<number>): Float64Array =>
  Float64Array.from(shape.length < 3 ? Array.from(logical) : toStorage64(shape, logical));

function toStorage64(shape: Shape, logical: ArrayLike<number>): number[] {
  const places = toStorage(
    shape,
    Array.from({ length: elements(shape) }, (_, i) => i),
  );
  return Array.from(places, (place) => logical[place] ?? Number.NaN);
}

const drawn = (name: string, shape: Shape, positive: boolean) =>
  Float64Array.from(normal(name, shape), (value) => (positive ? 0.5 + Math.abs(value) : value));

describe('matches PyTorch:', () => {
  const named = fixtures.map((fixture) => {
    const { op, shapes, axes, to } = fixture;
    return [`${op} ${shapes.map((shape) => `[${shape}]`).join(' ')} ${axes ?? to ?? ''}`, fixture] as const;
  });

  it.each(named)('%s', (_, fixture) => {
    const { op, shapes, positive, shape } = fixture;
    const operands: Operands = Object.fromEntries(
      shapes.map((of, i) => [`x${i}`, tensor(of, stored(of, drawn(`${op}:${i}`, of, positive)))]),
    );
    const cotangent = tensor(shape, stored(shape, drawn(`${op}:cotangent`, shape, false)));
    const given: Operands = { ...operands, cotangent };
    const results = compute(given, (values, tracer) => {
      const inputs = shapes.map((_, i) => values[`x${i}`] ?? constant(tracer, 0));
      const y = applied(fixture, inputs);
      expect(y.shape).toEqual(shape);
      const loss = sum(mul(y, values.cotangent ?? y));
      const diffs = gradients(loss, inputs);
      return {
        y,
        ...Object.fromEntries(diffs.map((diff, i) => [`d${i}`, diff ?? constant(tracer, Number.NaN)])),
      };
    });
    const all: Record<string, Float64Array> = results;
    expectClose(all.y ?? [], stored(shape, fixture.y), 1e-9);
    fixture.gradients.forEach((wanted, i) => {
      expectClose(all[`d${i}`] ?? [], stored(shapes[i] ?? [], wanted), 1e-9);
    });
  });
});
