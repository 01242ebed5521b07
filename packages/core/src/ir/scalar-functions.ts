/**
 * The functions used in expressions, on JavaScript numbers. They define the semantics of the kernels'
 * instructions.
 */
import { activate, activationDiff, invertActivation } from './activations.js';

interface ScalarFunction {
  readonly arity: number;
  apply(...args: number[]): number;
}

const unary = (apply: (x: number) => number): ScalarFunction => ({ arity: 1, apply });
const binary = (apply: (a: number, b: number) => number): ScalarFunction => ({ arity: 2, apply });
const ternary = (apply: (a: number, b: number, c: number) => number): ScalarFunction => ({ arity: 3, apply });

const leaky = (slope: number) => ({ activation: 'leaky_relu', slope }) as const;
const elu = (slope: number) => ({ activation: 'elu', slope }) as const;

/** Beyond ±87 exp overflows or underflows in float32. Clamping log to this range keeps inverses finite. */
const EXP_RANGE = 87;

export const FUNCTIONS = {
  abs: unary(Math.abs),
  add: binary((a, b) => a + b),
  div: binary((a, b) => a / b),
  elu: binary((x, alpha) => activate(x, elu(alpha))),
  /** dz·elu′(x), given z = elu(x). */
  elu_diff: ternary((dz, z, alpha) => activationDiff(dz, z, elu(alpha))),
  elu_invert: binary((z, alpha) => invertActivation(z, elu(alpha))),
  exp: unary(Math.exp),
  /** log clamped to ±87: the x for which exp(x) = z, as far as float32 can represent it. */
  exp_invert: unary((z) => Math.min(Math.max(Math.log(z), -EXP_RANGE), EXP_RANGE)),
  leaky_relu: binary((x, slope) => activate(x, leaky(slope))),
  /** dz·leaky_relu′(x), given z = leaky_relu(x). */
  leaky_relu_diff: ternary((dz, z, slope) => activationDiff(dz, z, leaky(slope))),
  log: unary(Math.log),
  mul: binary((a, b) => a * b),
  neg: unary((x) => -x),
  relu: unary((x) => activate(x, { activation: 'relu', slope: 0 })),
  /** dz where z = relu(x) is positive, otherwise 0. */
  relu_diff: binary((dz, z) => activationDiff(dz, z, { activation: 'relu', slope: 0 })),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  sign: unary(Math.sign),
  sqrt: unary(Math.sqrt),
  sub: binary((a, b) => a - b),
  tanh: unary(Math.tanh),
} satisfies Record<string, ScalarFunction>;

/** Name of a scalar function in an {@link Expression}. */
export type FunctionName = keyof typeof FUNCTIONS;

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}
