/**
 * Tests ops on the reference kernels: traces, evaluates in float64, and checks gradients by finite
 * differences.
 */

import { type DType, elements, type Shape } from '@inplace-abn/tensor';
import { expect } from 'vitest';
import type { Attributes, GradientContext } from '../../src/ir/define.js';
import type { GraphNode } from '../../src/ir/graph.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { normal } from '../support/prng.js';

// Property tests use the same cases in every run.

export interface Operand {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** Storage order: channels-last for data, row-major for parameters. */
  readonly data: Float64Array;
}

export type Operands = Readonly<Record<string, Operand>>;
type Values<I> = { [K in keyof I]: Value };

/** Normal numbers that depend on the name alone. */
export function draw(name: string, shape: Shape, mean = 0, std = 1): Operand {
  return { shape, data: Float64Array.from(normal(name, shape, mean, std)) };
}

export function tensor(shape: Shape, values: Iterable<number>, dtype: DType = 'float32'): Operand {
  return { shape, dtype, data: Float64Array.from(values) };
}

export function scalar(value: number): Operand {
  return tensor([], [value]);
}

function traced<I extends Operands, R>(operands: I, body: (values: Values<I>, tracer: Tracer) => R) {
  const tracer = new Tracer();
  const values = Object.fromEntries(
    Object.entries(operands).map(([name, { shape, dtype }]) => [
      name,
      tracer.input(name, shape, dtype ?? 'float32'),
    ]),
  ) as Values<I>;
  return { tracer, values, result: body(values, tracer) };
}

function evaluate(tracer: Tracer, operands: Operands): Record<string, Float64Array> {
  const arrays = new Map(Object.entries(operands).map(([name, { data }]) => [name, data]));
  return Object.fromEntries(evaluateGraph(tracer.finish(), arrays, new Map()).outputs);
}

/** Results of `body` on the operands, in storage order. */
export function compute<I extends Operands, K extends string>(
  operands: I,
  body: (values: Values<I>, tracer: Tracer) => Record<K, Value>,
): Record<K, Float64Array> {
  const { tracer, result } = traced(operands, body);
  for (const [name, value] of Object.entries<Value>(result)) tracer.output(name, value);
  return evaluate(tracer, operands) as Record<K, Float64Array>;
}

/** The values that `body` emits, to check shapes and errors. */
export function emitted<I extends Operands, R>(
  operands: I,
  body: (values: Values<I>, tracer: Tracer) => R,
): R {
  return traced(operands, body).result;
}

/** Context for the gradient rule of `node`, given its outputs' cotangents. */
export function gradientContext(
  tracer: Tracer,
  node: GraphNode,
  diffs: readonly (Value | null)[],
  needs: (index: number) => boolean,
): GradientContext<Attributes> {
  const inputs = node.inputs.map((id) => (id === null ? null : tracer.value(id)));
  const present = (value: Value | null | undefined): Value => {
    if (!value) throw new RangeError('missing');
    return value;
  };
  return {
    attrs: node.attrs,
    inputs,
    diffs,
    needs,
    input: (index) => present(inputs[index]),
    output: (index) => tracer.value(node.outputs[index] ?? -1),
    diff: (index) => present(diffs[index]),
  };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? Number.NaN) * (b[i] ?? Number.NaN);
  return sum;
}

const STEP = 1e-5;

/**
 * Compares the gradient rule of the last op that `body` emits with a central difference of the body: for each
 * operand in `wrt`, along a random direction, weighted by a fixed random cotangent of the result.
 */
export function expectGradient<I extends Operands>(
  operands: I,
  wrt: readonly (keyof I & string)[],
  body: (values: Values<I>) => Value,
): void {
  const cotangent = draw('cotangent', emitted(operands, body).shape);
  const f = (at: I): number => dot(compute(at, (values) => ({ y: body(values) })).y, cotangent.data);
  const gradients = vectorJacobian(operands, wrt, body, cotangent);
  for (const name of wrt) {
    const operand = operands[name] as Operand;
    const direction = draw(`direction:${name}`, operand.shape).data;
    const moved = (step: number): I => ({
      ...operands,
      [name]: { ...operand, data: operand.data.map((value, i) => value + step * (direction[i] ?? 0)) },
    });
    const difference = (f(moved(STEP)) - f(moved(-STEP))) / (2 * STEP);
    const alone = vectorJacobian(operands, [name], body, cotangent)[name] ?? [];
    expect(gradients[name], `${name} whatever else is needed`).toEqual(alone);
    const analytic = dot(alone, direction);
    expect(Math.abs(difference), `${name} has an influence`).toBeGreaterThan(1e-6);
    expect(Math.abs(analytic - difference) / Math.abs(difference), `gradient of ${name}`).toBeLessThan(1e-6);
  }
}

/** ∂⟨cotangent, body⟩/∂operand, by the gradient rule of the last op that `body` emits. */
export function vectorJacobian<I extends Operands>(
  operands: I,
  wrt: readonly (keyof I & string)[],
  body: (values: Values<I>) => Value,
  cotangent: Operand,
): Record<string, Float64Array> {
  const all = { ...operands, cotangent };
  const { tracer } = traced(all, (values, trace) => {
    body(values as unknown as Values<I>);
    const node = trace.traced.at(-1);
    const rule = node?.op.gradient;
    if (!rule) throw new Error('the last op has no gradient');
    const ids = wrt.map((name) => (values as Values<I>)[name].id);
    const needed = (index: number): boolean => ids.some((id) => id === node.inputs[index]);
    const diffs = rule(gradientContext(trace, node, [(values as { cotangent: Value }).cotangent], needed));
    const variadic = node.op.inputs.some((operand) => operand.variadic);
    const operands = variadic ? node.inputs : node.op.inputs;
    expect(diffs.length, 'a gradient for each operand').toBe(operands.length);
    diffs.forEach((diff, index) => {
      expect(diff !== null, `gradient of operand ${index} is given where it is needed`).toBe(needed(index));
      if (!diff) return;
      expect(diff.shape).toEqual(trace.value(node.inputs[index] ?? -1).shape);
      const name = wrt.find((_, i) => ids[i] === node.inputs[index]);
      if (name) trace.output(name, diff);
    });
  });
  return evaluate(tracer, all);
}

/** Asserts that the arrays agree within `tolerance`, relative to the larger of 1 and the expected element. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] ?? Number.NaN, expected[i] ?? Number.NaN];
    const difference = Math.abs(a - e) / Math.max(1, Math.abs(e));
    if (!(difference <= tolerance)) expect.fail(`element ${i}: ${a} instead of ${e}`);
  }
}

/** Converts row-major logical elements (N,C,S…) to channels-last storage order. */
export function channelsLast(shape: Shape, logical: ArrayLike<number>): Float64Array {
  const [batch = 1, width = 1] = shape;
  const area = elements(shape.slice(2));
  const stored = new Float64Array(elements(shape));
  for (let i = 0; i < stored.length; i++) {
    const [n, c, s] = [Math.floor(i / (width * area)), Math.floor(i / area) % width, i % area];
    if (n < batch) stored[(n * area + s) * width + c] = Number(logical[i]);
  }
  return stored;
}
