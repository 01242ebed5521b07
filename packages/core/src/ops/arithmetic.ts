/** The arithmetic of values: each function is an elementwise expression, with broadcasting as {@link mul} says. */
import { type Shape, sameShape } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import { type ActivationAttributes, IDENTITY } from '../ir/activations.js';
import { call, number, operand } from '../ir/expression.js';
import type { FunctionName } from '../ir/scalar-functions.js';
import { Value } from '../ir/value.js';
import { activation } from './activation.js';
import { add as addSame } from './add.js';
import { emitElementwise } from './elementwise.js';
import { broadcastShape } from './support/broadcast.js';

/** fn of values and numbers, one of which is a value at least. */
function applied(fn: FunctionName, ...args: (Value | number)[]): Value {
  const values = args.filter((arg) => arg instanceof Value);
  if (values.length === 0) {
    throw new UsageError(
      `${fn} of numbers alone: compute it in JavaScript, and use constant() for a tensor of it`,
    );
  }
  for (const value of values) values[0]?.tracer.own(value);
  const expressions = args.map((arg) =>
    arg instanceof Value ? operand(values.indexOf(arg)) : number(finite(fn, arg)),
  );
  return emitElementwise(call(fn, ...expressions), (index) => values[index] ?? missing(fn, index));
}

function finite(fn: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new UsageError(`${fn}: expected a finite number but received ${value}`);
}

function missing(fn: string, index: number): never {
  throw new RangeError(`${fn} has no operand ${index}`);
}

/**
 * φ(a + b), as torch.add and an activation (identity when left out), with the broadcasting of {@link mul}. Values of one
 * shape are the end of a residual block, which kernels take in with what comes before it.
 */
export function add(a: Value | number, b: Value | number, attrs: ActivationAttributes = IDENTITY): Value {
  if (a instanceof Value && b instanceof Value && sameShape(a.shape, b.shape)) return addSame(a, b, attrs);
  const sum = applied('add', a, b);
  return attrs.activation === 'identity' ? sum : activation(sum, attrs);
}

/** a − b, as torch.sub, with the broadcasting of {@link mul}. */
export function sub(a: Value | number, b: Value | number): Value {
  return applied('sub', a, b);
}

/**
 * a·b, as torch.mul. Shapes are N×C×S1×…: axes count from the first, sizes are equal or 1, missing ones at the end are 1; a
 * vector [C] has a value for each channel, [N,C] and [N,C,1,1] one for each image and channel. (PyTorch counts from the last
 * axis, so that there a vector goes along the columns.) Numbers are scalars. The result has the dtype of the first operand
 * of its shape. Throws ShapeError for shapes that do not fit together.
 */
export function mul(a: Value | number, b: Value | number): Value {
  return applied('mul', a, b);
}

/** a/b, as torch.div, with the broadcasting of {@link mul}. */
export function div(a: Value | number, b: Value | number): Value {
  return applied('div', a, b);
}

/** −x, as torch.neg. */
export function neg(x: Value): Value {
  return applied('neg', x);
}

/** eˣ, as torch.exp. */
export function exp(x: Value): Value {
  return applied('exp', x);
}

/** The natural logarithm, as torch.log: −∞ at 0, NaN below. */
export function log(x: Value): Value {
  return applied('log', x);
}

/** √x, as torch.sqrt: NaN below 0, and a gradient of ∞ at 0. */
export function sqrt(x: Value): Value {
  return applied('sqrt', x);
}

/** x², as torch.square. */
export function square(x: Value): Value {
  return applied('mul', x, x);
}

/** |x|, as torch.abs, with the derivative 0 at 0. */
export function abs(x: Value): Value {
  return applied('abs', x);
}

/** 1/(1 + e⁻ˣ), as torch.sigmoid. */
export function sigmoid(x: Value): Value {
  return applied('sigmoid', x);
}

/** The hyperbolic tangent, as torch.tanh. */
export function tanh(x: Value): Value {
  return applied('tanh', x);
}

/** x/(1 + e⁻ˣ), as torch.nn.functional.silu. */
export function silu(x: Value): Value {
  const [x0, get] = [operand(0), () => x];
  return emitElementwise(call('mul', x0, call('sigmoid', x0)), get);
}

/** `value`, the same along the axes that it lacks or where its size is 1, in `shape`: torch.expand with the axes of {@link mul}. */
export function expand(value: Value, shape: Shape): Value {
  return emitElementwise(operand(0), () => value, { domain: broadcastShape([value.shape, shape]) });
}
