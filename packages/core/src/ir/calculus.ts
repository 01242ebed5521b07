/** Derivatives and inverses of expressions, as expressions. */
import { call, type Expression, listing, number, operandsOf } from './expression.js';
import type { FunctionName } from './scalar-functions.js';

type Rule = (
  args: readonly Expression[],
  result: Expression,
  d: Expression,
) => readonly (Expression | null)[];

const at = (args: readonly Expression[], index: number): Expression => {
  const arg = args[index];
  if (!arg) throw new RangeError(`a function has no argument ${index}`);
  return arg;
};

/**
 * d·∂f/∂argument for each argument. null: the derivative is zero, or never asked for, since slopes are
 * constants and passes introduce the `_diff` and `_invert` functions after differentiation. The formulas
 * follow PyTorch's, term by term, to match its rounding.
 */
const DERIVATIVES: Readonly<Record<FunctionName, Rule>> = {
  abs: (args, _, d) => [call('mul', d, call('sign', at(args, 0)))],
  add: (_args, _, d) => [d, d],
  div: (args, _, d) => {
    const [a, b] = [at(args, 0), at(args, 1)];
    return [call('div', d, b), call('neg', call('mul', d, call('div', call('div', a, b), b)))];
  },
  elu: (args, z, d) => [call('elu_diff', d, z, at(args, 1)), null],
  elu_diff: (args, _, d) => [call('elu_diff', d, at(args, 1), at(args, 2)), null, null],
  elu_invert: () => [null, null],
  exp: (_args, z, d) => [call('mul', d, z)],
  exp_invert: () => [null],
  leaky_relu: (args, z, d) => [call('leaky_relu_diff', d, z, at(args, 1)), null],
  leaky_relu_diff: (args, _, d) => [call('leaky_relu_diff', d, at(args, 1), at(args, 2)), null, null],
  log: (args, _, d) => [call('div', d, at(args, 0))],
  mul: (args, _, d) => [call('mul', d, at(args, 1)), call('mul', d, at(args, 0))],
  neg: (_args, _, d) => [call('neg', d)],
  relu: (_args, z, d) => [call('relu_diff', d, z)],
  relu_diff: (args, _, d) => [call('relu_diff', d, at(args, 1)), null],
  sigmoid: (_args, z, d) => [call('mul', call('mul', d, call('sub', number(1), z)), z)],
  sign: () => [null],
  sqrt: (_args, z, d) => [call('div', d, call('mul', number(2), z))],
  sub: (_args, _, d) => [d, call('neg', d)],
  tanh: (_args, z, d) => [call('mul', d, call('sub', number(1), call('mul', z, z)))],
};

/**
 * Functions whose derivative follows from their result, without x. If one is the last call of an expression,
 * the gradient reads the expression's value instead of recomputing it.
 */
const FROM_RESULT: ReadonlySet<FunctionName> = new Set([
  'elu',
  'exp',
  'leaky_relu',
  'relu',
  'sigmoid',
  'sqrt',
  'tanh',
]);

/**
 * d·∂root/∂operand for each of `count` operands; null if the result does not depend on the operand. `result`
 * is an expression for the value of `root`, used where it saves operands; null if that value is not
 * available.
 */
export function derivatives(
  root: Expression,
  count: number,
  d: Expression,
  result: Expression | null,
): (Expression | null)[] {
  const { calls, at: places } = listing(root);
  const last = calls.length - 1;
  const cotangents: (Expression | null)[] = calls.map((_, place) => (place === last ? d : null));
  const ofOperands: (Expression | null)[] = new Array(count).fill(null);
  const plus = (known: Expression | null | undefined, more: Expression) =>
    known ? call('add', known, more) : more;
  if (root.kind === 'operand') ofOperands[root.index] = d;
  for (let place = last; place >= 0; place--) {
    const made = calls[place];
    const cotangent = cotangents[place];
    if (!made || !cotangent) continue;
    const read = place === last && result && FROM_RESULT.has(made.fn);
    const value = read ? result : call(made.fn, ...made.args);
    DERIVATIVES[made.fn](made.args, value, cotangent).forEach((part, index) => {
      const arg = made.args[index];
      if (!part || !arg) return;
      if (arg.kind === 'operand') ofOperands[arg.index] = plus(ofOperands[arg.index], part);
      const from = places.get(arg);
      if (arg.kind === 'call' && from !== undefined) cotangents[from] = plus(cotangents[from], part);
    });
  }
  return ofOperands;
}

/**
 * Recovers an argument from the result, for functions that lose nothing but precision; null for all others.
 * Excludes sigmoid and tanh, which round to 1 for large x (sigmoid beyond 6 in bfloat16 and 17 in float32),
 * and multiplication by an operand, which may be 0.
 */
function inverted(
  fn: FunctionName,
  index: number,
  args: readonly Expression[],
  z: Expression,
): Expression | null {
  const other = args[1 - index];
  const constant = other?.kind === 'number' && other.value !== 0 ? other : null;
  switch (fn) {
    case 'neg':
      return call('neg', z);
    case 'exp':
      return call('exp_invert', z);
    case 'add':
      return other ? call('sub', z, other) : null;
    case 'sub':
      if (!other) return null;
      return index === 0 ? call('add', z, other) : call('sub', other, z);
    case 'mul':
      return constant && call('div', z, constant);
    case 'div':
      return index === 0 ? constant && call('mul', z, constant) : null;
    case 'leaky_relu':
      return index === 0 && constant && constant.value > 0
        ? call('leaky_relu', z, number(1 / constant.value))
        : null;
    case 'elu':
      return index === 0 && constant && constant.value > 0 ? call('elu_invert', z, constant) : null;
    default:
      return null;
  }
}

/** Operand `index` from the result z and the other operands; null if it cannot be recovered. */
export function inverse(root: Expression, index: number, z: Expression): Expression | null {
  if (root.kind === 'operand') return root.index === index ? z : null;
  if (root.kind !== 'call') return null;
  const holding = root.args.flatMap((arg, place) => (operandsOf(arg).includes(index) ? [place] : []));
  const [place = -1] = holding;
  const inner = root.args[place];
  if (holding.length !== 1 || !inner) return null;
  const argument = inverted(root.fn, place, root.args, z);
  return argument && inverse(inner, index, argument);
}

/** By function: indices of the arguments that make the result zero if they are zero. */
const ZERO_AT: Partial<Record<FunctionName, readonly number[]>> = {
  elu_diff: [0],
  leaky_relu: [0],
  leaky_relu_diff: [0],
  mul: [0, 1],
  neg: [0],
  relu: [0],
  relu_diff: [0, 1],
};

/** Indices of the operands that make the value zero if they are zero, provided the others are finite. */
export function zerosOf(root: Expression): Set<number> {
  if (root.kind === 'operand') return new Set([root.index]);
  if (root.kind !== 'call') return new Set();
  const places = ZERO_AT[root.fn] ?? [];
  return new Set(places.flatMap((place) => [...zerosOf(at(root.args, place))]));
}
