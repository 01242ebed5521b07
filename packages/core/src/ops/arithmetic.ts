/**
 * Arithmetic on values. Each function emits an elementwise expression with the broadcasting rules of {@link
 * mul}.
 */
import { type DType, type Shape, sameShape } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import { type ActivationAttributes, IDENTITY } from '../ir/activations.js';
import { call, number, operand } from '../ir/expression.js';
import type { FunctionName } from '../ir/scalar-functions.js';
import { Value } from '../ir/value.js';
import { activation } from './activation.js';
import { add as addSame } from './add.js';
import { emitElementwise } from './elementwise.js';
import { broadcastShape } from './support/broadcast.js';

/**
 * Applies fn to values and numbers.
 *
 * @throws UsageError if no argument is a value, or a number is not finite
 * @throws ShapeError if the shapes cannot be broadcast
 */
function applied<D extends DType>(fn: FunctionName, ...args: (Value<D> | number)[]): Value<D> {
  const values = args.filter((arg) => arg instanceof Value);
  if (values.length === 0) {
    throw new UsageError(
      `${fn} needs at least one value: compute numbers in JavaScript, or make a tensor with constant()`,
    );
  }
  for (const value of values) values[0]?.tracer.own(value);
  const expressions = args.map((arg) =>
    arg instanceof Value ? operand(values.indexOf(arg)) : number(finite(fn, arg)),
  );
  const result = emitElementwise(call(fn, ...expressions), (index) => values[index] ?? missing(fn, index));
  return result.as(values.find(({ dtype }) => result.is(dtype))?.dtype ?? missing(fn, 0));
}

function finite(fn: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new UsageError(`${fn}: expected a finite number but received ${value}`);
}

function missing(fn: string, index: number): never {
  throw new RangeError(`${fn} has no operand ${index}`);
}

/**
 * φ(a + b), like torch.add followed by an activation (default identity), with the broadcasting of {@link
 * mul}. At the end of a residual block, inference fuses it into the preceding convolution if both shapes are
 * equal.
 *
 * @throws ShapeError if the shapes cannot be broadcast
 * @throws UsageError if both are numbers, or a number is not finite
 */
export function add<A extends DType = never, B extends DType = never>(
  a: Value<A> | number,
  b: Value<B> | number,
  attrs: ActivationAttributes = IDENTITY,
): Value<A | B> {
  if (a instanceof Value && b instanceof Value && sameShape(a.shape, b.shape)) return addSame(a, b, attrs);
  const sum = applied<A | B>('add', a, b);
  return attrs.activation === 'identity' ? sum : activation(sum, attrs);
}

/**
 * a − b, like torch.sub, with the broadcasting of {@link mul}.
 *
 * @throws ShapeError if the shapes cannot be broadcast
 * @throws UsageError if both are numbers, or a number is not finite
 */
export function sub<A extends DType = never, B extends DType = never>(
  a: Value<A> | number,
  b: Value<B> | number,
): Value<A | B> {
  return applied<A | B>('sub', a, b);
}

/**
 * a·b, like torch.mul, but broadcasting from the first axis of N×C×S1×… instead of the last. Sizes must be
 * equal or 1, and missing trailing axes count as 1. A vector [C] has one value per channel; [N,C] and
 * [N,C,1,1] have one per image and channel. (In PyTorch a vector broadcasts along the last axis.) Numbers are
 * scalars. The result has the dtype of the operand with the result's shape. If several have it, values
 * computed in the step come first, then inputs, then states.
 *
 * @throws ShapeError if the shapes cannot be broadcast
 * @throws UsageError if both are numbers, or a number is not finite
 */
export function mul<A extends DType = never, B extends DType = never>(
  a: Value<A> | number,
  b: Value<B> | number,
): Value<A | B> {
  return applied<A | B>('mul', a, b);
}

/**
 * a/b, like torch.div, with the broadcasting of {@link mul}.
 *
 * @throws ShapeError if the shapes cannot be broadcast
 * @throws UsageError if both are numbers, or a number is not finite
 */
export function div<A extends DType = never, B extends DType = never>(
  a: Value<A> | number,
  b: Value<B> | number,
): Value<A | B> {
  return applied<A | B>('div', a, b);
}

/** −x, like torch.neg. */
export function neg<D extends DType>(x: Value<D>): Value<D> {
  return applied('neg', x);
}

/** eˣ, like torch.exp. */
export function exp<D extends DType>(x: Value<D>): Value<D> {
  return applied('exp', x);
}

/** Natural logarithm, like torch.log: −∞ at 0, NaN below. */
export function log<D extends DType>(x: Value<D>): Value<D> {
  return applied('log', x);
}

/** √x, like torch.sqrt: NaN below 0; the gradient at 0 is ∞. */
export function sqrt<D extends DType>(x: Value<D>): Value<D> {
  return applied('sqrt', x);
}

/** x², like torch.square. */
export function square<D extends DType>(x: Value<D>): Value<D> {
  return applied('mul', x, x);
}

/** |x|, like torch.abs; the gradient at 0 is 0. */
export function abs<D extends DType>(x: Value<D>): Value<D> {
  return applied('abs', x);
}

/** −1, 0 or 1 for x below, at or above 0, like torch.sign. No gradient flows through it. */
export function sign(x: Value): Value {
  return applied('sign', x);
}

/** 1/(1 + e⁻ˣ), like torch.sigmoid. */
export function sigmoid<D extends DType>(x: Value<D>): Value<D> {
  return applied('sigmoid', x);
}

/** Hyperbolic tangent, like torch.tanh. */
export function tanh<D extends DType>(x: Value<D>): Value<D> {
  return applied('tanh', x);
}

/** x/(1 + e⁻ˣ), like torch.nn.functional.silu. */
export function silu<D extends DType>(x: Value<D>): Value<D> {
  const [x0, get] = [operand(0), () => x];
  return emitElementwise(call('mul', x0, call('sigmoid', x0)), get).as(x.dtype);
}

/**
 * Broadcasts `value` to `shape`, like torch.Tensor.expand but with the axis rules of {@link mul}.
 *
 * @throws ShapeError if a size is neither 1 nor that of `shape`
 */
export function expand<D extends DType>(value: Value<D>, shape: Shape): Value<D> {
  const domain = broadcastShape([value.shape, shape]);
  return emitElementwise(operand(0), () => value, { domain }).as(value.dtype);
}
