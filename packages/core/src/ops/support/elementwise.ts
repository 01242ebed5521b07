/** What the ops that compute expressions share: operands, checks, costs, and what nodes of them are made of. */
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

// A type alias, not an interface: attributes need an index signature.
export type ElementwiseAttributes = {
  /** The expression as text (ir/expression.ts). */
  readonly program: string;
  /** The shape that operands are broadcast to, where it is not their own; [] else. */
  readonly domain: readonly number[];
};

/** The first gives a result its dtype; the others are float32 or of that dtype, whatever the precision. */
export function elementwiseOperands(): Operand[] {
  const others = Array.from({ length: MOST_OPERANDS - 1 }, (_, index): Operand => {
    return { name: `x${index + 1}`, kind: 'any', optional: true };
  });
  return [{ name: 'x0', kind: 'data' }, ...others];
}

const shapesOf = (types: readonly (TensorType | null)[]): Shape[] =>
  types.flatMap((type) => (type ? [type.shape] : []));

/** The shape of the expression's values; throws where the operands do not fit it or each other. */
export function domainOf({ attrs, inputs }: InferContext<ElementwiseAttributes>): Shape {
  const read = operandsOf(parseExpression(attrs.program));
  if (read.length !== inputs.length || read.some((index) => !inputs[index])) {
    throw new ShapeError(`${attrs.program} does not read the ${inputs.length} operands that are given`);
  }
  const odd = inputs.find((type) => type && !isDataDType(type.dtype));
  if (odd)
    throw new ShapeError(`expected float32, bfloat16 or float16 operands but received ${formatType(odd)}`);
  return broadcastShape([attrs.domain, ...shapesOf(inputs)]);
}

/** Operations that the device does for one call, as many as for so many additions. */
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

/** Operands read once, results written once, the calls for every element of `domain`. */
export function elementwiseCost(
  context: InferContext<ElementwiseAttributes>,
  outputs: readonly TensorType[],
): Cost {
  const { calls } = listing(parseExpression(context.attrs.program));
  const slow: Readonly<Record<string, number>> = SLOW;
  const flops = calls.reduce((sum, { fn }) => sum + (slow[fn] ?? 1), 1);
  return { flops: flops * elements(domainOf(context)), bytes: streamed(context, outputs).bytes };
}

/** body(value, place) for every element of `domain` in its order of storage. */
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
  /** In the order of their numbers, none twice. */
  readonly operands: readonly T[];
}

/** The expression of the operands that it reads, those of lower rank first. */
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

/** What the first operand is: of the dtype that is wanted, as large as the result, made by the step. */
function rankIn(domain: Shape, dtype: string | undefined): (value: Value) => number {
  return ({ shape, kind, dtype: own }) =>
    (dtype !== undefined && own !== dtype ? 8 : 0) +
    (fills(shape, domain) ? 0 : 4) +
    (kind === 'state' ? 2 : kind === 'input' ? 1 : 0);
}

export interface EmitElementwise {
  /** Shape of the expression's values where the operands' own is smaller. */
  readonly domain?: Shape;
  /** Of the result; that of the largest operand when left out. */
  readonly dtype?: string;
  readonly rebuilds?: boolean;
}

export interface Prepared {
  readonly operands: readonly Value[];
  readonly attrs: ElementwiseAttributes;
  readonly domain: Shape;
}

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

/** Weights with a window lie in memory as they stand, images channels last: element by element they do not match. */
function checkWeights(operands: readonly Value[]): void {
  const weight = operands.find(({ kind, shape }) => kind === 'state' && shape.length > 2);
  if (!weight || operands.every(({ kind, shape }) => kind === 'state' && sameShape(shape, weight.shape)))
    return;
  throw new ShapeError(
    `${weight} is stored as a weight, not as images are: combine it with weights of its shape only`,
  );
}
