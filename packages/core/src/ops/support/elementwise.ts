/** Shared by the expression ops: operands, checks, costs, and emitting nodes. */
import {
  elements,
  formatType,
  isDataDType,
  type Shape,
  sameShape,
  type TensorType,
} from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { Cost, InferContext, Operand, ReferenceTensor } from '../../ir/define.js';
import {
  compose,
  type Expression,
  evaluator,
  formatExpression,
  listing,
  MOST_OPERANDS,
  operand,
  operandsOf,
  parseExpression,
} from '../../ir/expression.js';
import type { Value } from '../../ir/value.js';
import { broadcastShape, fills, forEachElement } from './broadcast.js';
import { streamed } from './cost.js';
import { at } from './reference.js';

// A type alias because attributes need an index signature, which an interface lacks.
export type ElementwiseAttributes = {
  /** The expression as text (ir/expression.ts). */
  readonly program: string;
  /** Shape to broadcast to, if no operand has it; otherwise []. */
  readonly domain: readonly number[];
};

/**
 * The first operand determines the result's dtype. The others have that dtype or float32, in any precision.
 */
export function elementwiseOperands(): Operand[] {
  const others = Array.from({ length: MOST_OPERANDS - 1 }, (_, index): Operand => {
    return { name: `x${index + 1}`, kind: 'any', optional: true };
  });
  return [{ name: 'x0', kind: 'data' }, ...others];
}

const shapesOf = (types: readonly (TensorType | null)[]): Shape[] =>
  types.flatMap((type) => (type ? [type.shape] : []));

/**
 * Shape of the expression's values. Throws ShapeError if the expression does not read exactly the operands,
 * if one has no data dtype, or if their shapes cannot be broadcast.
 */
export function domainOf({ attrs, inputs }: InferContext<ElementwiseAttributes>): Shape {
  const read = operandsOf(parseExpression(attrs.program));
  if (read.length !== inputs.length || read.some((index) => !inputs[index])) {
    throw new ShapeError(`${attrs.program} does not read the ${inputs.length} operands it was given`);
  }
  const odd = inputs.find((type) => type && !isDataDType(type.dtype));
  if (odd)
    throw new ShapeError(`expected float32, bfloat16 or float16 operands but received ${formatType(odd)}`);
  return broadcastShape([attrs.domain, ...shapesOf(inputs)]);
}

/** Cost of one call, in additions; 1 for functions not listed. */
const SLOW = {
  exp: 8,
  log: 8,
  sigmoid: 10,
  tanh: 10,
  elu: 8,
  elu_invert: 10,
  exp_invert: 8,
  div: 4,
  sqrt: 4,
};

/**
 * Reads every operand once, writes every result once, and evaluates all calls for every element of `domain`.
 */
export function elementwiseCost(
  context: InferContext<ElementwiseAttributes>,
  outputs: readonly TensorType[],
): Cost {
  const { calls } = listing(parseExpression(context.attrs.program));
  const slow: Readonly<Record<string, number>> = SLOW;
  const flops = calls.reduce((sum, { fn }) => sum + (slow[fn] ?? 1), 1);
  return streamed(context, outputs, flops * elements(domainOf(context)));
}

/** Calls body(value, index) for every element of `domain` in storage order. */
export function evaluate(
  root: Expression,
  operands: readonly ReferenceTensor[],
  domain: Shape,
  body: (value: number, place: number) => void,
): void {
  const compute = evaluator(root);
  const shapes = operands.map(({ shape }) => shape);
  const read = new Float64Array(operands.length);
  let place = 0;
  forEachElement(domain, shapes, (offsets) => {
    operands.forEach((tensor, i) => {
      read[i] = at(tensor, offsets[i] ?? 0);
    });
    body(compute(read), place++);
  });
}

interface Read<T> {
  readonly expression: Expression;
  /** In order of their indices, without duplicates. */
  readonly operands: readonly T[];
}

/**
 * The expression with its operands renumbered: only those that it reads, without duplicates, sorted by rank.
 */
export function reading<T>(
  root: Expression,
  get: (index: number) => T,
  rank: (operand: T) => number = () => 0,
): Read<T> {
  const found = new Map(operandsOf(root).map((index) => [index, get(index)] as const));
  const operands = [...new Set(found.values())].sort((a, b) => rank(a) - rank(b));
  const numbers = [...found].map(([index, value]) => [index, operand(operands.indexOf(value))] as const);
  const renumbered: Expression[] = [];
  for (const [index, expression] of numbers) renumbered[index] = expression;
  return { expression: compose(root, renumbered), operands };
}

/**
 * Ranks candidates for the first operand, lowest first: prefers the requested dtype, then the size of the
 * result, then values computed in the step.
 */
function rankIn(domain: Shape, dtype: string | undefined): (value: Value) => number {
  return ({ shape, kind, dtype: own }) =>
    (dtype !== undefined && own !== dtype ? 8 : 0) +
    (fills(shape, domain) ? 0 : 4) +
    (kind === 'state' ? 2 : kind === 'input' ? 1 : 0);
}

export interface EmitElementwise {
  /** Shape of the expression's values, if no operand has it. */
  readonly domain?: Shape;
  /** Preferred dtype of the result, if an operand has it; default that of the largest operand. */
  readonly dtype?: string;
  /** True if the node rebuilds a forward value. */
  readonly rebuilds?: boolean;
}

export interface Prepared {
  readonly operands: readonly Value[];
  readonly attrs: ElementwiseAttributes;
  readonly domain: Shape;
}

/**
 * Operands in the order that the op expects, and attributes.
 *
 * @throws ShapeError if shapes cannot be broadcast, or if a weight with a window meets other shapes
 */
export function prepared(
  root: Expression,
  get: (index: number) => Value,
  { domain: asked, dtype }: EmitElementwise,
): Prepared {
  const given = operandsOf(root).map((index) => get(index).shape);
  const own = broadcastShape(given);
  const domain = asked ?? own;
  const { expression, operands } = reading(root, get, rankIn(domain, dtype));
  checkWeights(operands);
  const attrs = { program: formatExpression(expression), domain: sameShape(own, domain) ? [] : [...domain] };
  return { operands, attrs, domain };
}

/**
 * Weights of convolutions are stored row-major and images channels-last, so the two cannot be combined
 * elementwise.
 */
function checkWeights(operands: readonly Value[]): void {
  const weight = operands.find(({ kind, shape }) => kind === 'state' && shape.length > 2);
  if (!weight || operands.every(({ kind, shape }) => kind === 'state' && sameShape(shape, weight.shape)))
    return;
  throw new ShapeError(
    `${weight} is stored as a weight, not channels-last: combine it only with weights of the same shape`,
  );
}
