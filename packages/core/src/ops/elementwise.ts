/**
 * out = f(x0, x1, …), elementwise, for an expression f. sub, mul, exp, sigmoid and their compositions all
 * compile to this op, which reads each operand once and writes the result once. The second op, sum, reduces
 * such an expression without storing its values, so that a loss or the gradient of a gate is one pass over
 * its operands. Both ops are in one file because their gradients use each other.
 */
import type { Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { derivatives, inverse } from '../ir/calculus.js';
import { type GradientContext, type Inverse, type OpDefinition, type Overwrite, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import {
  call,
  type Expression,
  fits,
  MOST_OPERANDS,
  number,
  operand,
  parseExpression,
} from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { viewed } from './reshape.js';
import { aligned, broadcastShape, fills, forEachElement, summable, sumSteps } from './support/broadcast.js';
import {
  domainOf,
  type ElementwiseAttributes,
  type EmitElementwise,
  elementwiseCost,
  elementwiseOperands,
  evaluate,
  prepared,
  reading,
} from './support/elementwise.js';
import { addAt } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';

const PLACES = Array.from({ length: MOST_OPERANDS }, (_, index) => index);

/**
 * Expression of operand `index` in the other operands and the result, which is operand MOST_OPERANDS; null if
 * the operand cannot be recovered.
 */
function inverseOf({ program }: ElementwiseAttributes, index: number): Expression | null {
  return inverse(parseExpression(program), index, operand(MOST_OPERANDS));
}

function operandInverse(index: number): Inverse<ElementwiseAttributes> {
  const found = (attrs: ElementwiseAttributes): Expression => {
    const expression = inverseOf(attrs, index);
    if (!expression)
      throw new RangeError(`operand ${index} of ${attrs.program} cannot be recovered from its result`);
    return expression;
  };
  return {
    input: index,
    fromOutputs: [0],
    fromInputs: PLACES.filter((other) => other !== index),
    available(attrs, types) {
      const shapes = types.flatMap((type) => (type ? [type.shape] : []));
      const own = types[index];
      const full = own && fills(own.shape, broadcastShape([attrs.domain, ...shapes]));
      return Boolean(full) && inverseOf(attrs, index) !== null;
    },
    partial: () => false,
    rebuild({ attrs, output, input }) {
      const get = (at: number) => (at === MOST_OPERANDS ? output(0) : input(at));
      return emitElementwise(found(attrs), get, { rebuilds: true });
    },
    reference({ attrs, output, input }) {
      const get = (at: number) => (at === MOST_OPERANDS ? output(0) : input(at));
      const { expression, operands } = reading(found(attrs), get);
      const values = new Float64Array(output(0).data.length);
      evaluate(expression, operands, output(0).shape, (value, place) => {
        values[place] = value;
      });
      return values;
    },
  };
}

export const elementwiseOp: OpDefinition<ElementwiseAttributes> = {
  name: 'elementwise',
  inputs: elementwiseOperands(),
  outputs: [{ name: 'out', kind: 'data' }],
  infer: (context) => [{ shape: domainOf(context), dtype: context.input(0).dtype }],
  gradient(context) {
    const result = context.output(0);
    return elementwiseGradient(context, result.shape, { result, divisor: 1 });
  },
  overwrites: PLACES.map((input): Overwrite => ({ output: 0, input })),
  rows({ attrs, inputs }) {
    if (attrs.domain.length > 0) return null;
    return inputs.map((type) => (type?.shape.length === 4 && type.shape[2] !== 1 ? SAME_ROW : null));
  },
  inverses: PLACES.map(operandInverse),
  absorb: null,
  slices: null,
  fusion: {
    elementwise: ({ attrs }) => ({
      expression: parseExpression(attrs.program),
      domain: attrs.domain.length > 0 ? attrs.domain : null,
      seeks: true,
      reduce: null,
    }),
    epilogue: null,
    fuse: null,
  },
  parts: null,
  labels: null,
  effects: PURE,
  cost: elementwiseCost,
  reference({ attrs, inputs, output }) {
    const out = output(0);
    const operands = inputs.filter((input) => input !== null);
    evaluate(parseExpression(attrs.program), operands, out.shape, (value, place) => {
      out.data[place] = value;
    });
  },
  peerKeeps: { inputs: [0, 1], outputs: [] },
};

export type SumAttributes = ElementwiseAttributes & {
  /** Result shape: summed axes are 1 or missing at the end; [C] keeps the channels only. */
  readonly shape: readonly number[];
  /** Divisor of every value: the number of summed elements for a mean. */
  readonly divisor: number;
};

/** Σ f(x0, x1, …)/divisor over axes, in float32. The summation order depends only on the shape. */
export const sumOp: OpDefinition<SumAttributes> = {
  name: 'sum',
  inputs: elementwiseOperands(),
  outputs: [{ name: 'sum', kind: 'float32' }],
  infer(context) {
    const { shape } = context.attrs;
    const domain = domainOf(context);
    const left = aligned(shape, domain.length);
    const fitting =
      shape.length <= domain.length && left.every((size, axis) => size === 1 || size === domain[axis]);
    if (!fitting)
      throw new ShapeError(`[${domain.join(',')}] cannot be summed over axes to [${shape.join(',')}]`);
    if (!summable(shape, domain)) {
      throw new ShapeError(`[${domain.join(',')}] cannot be summed to [${shape.join(',')}] in one pass`);
    }
    return [{ shape, dtype: 'float32' }];
  },
  gradient: (context) =>
    elementwiseGradient(context, domainOf(context), {
      result: null,
      divisor: context.attrs.divisor,
    }),
  overwrites: [],
  rows: null,
  inverses: [],
  absorb: null,
  slices: null,
  fusion: {
    elementwise: ({ attrs: { program, domain, shape, divisor } }) => ({
      expression: parseExpression(program),
      domain: domain.length > 0 ? domain : null,
      seeks: true,
      reduce: (expression, get, values) => emitSum(expression, get, { domain: values, shape, divisor }),
    }),
    epilogue: null,
    fuse: null,
  },
  parts: null,
  labels: null,
  effects: PURE,
  cost: elementwiseCost,
  reference(context) {
    const { attrs, inputs, output } = context;
    const operands = inputs.filter((input) => input !== null);
    const domain = domainOf(context);
    const sum = output(0);
    sum.data.fill(0);
    const places: number[] = [];
    forEachElement(domain, [attrs.shape], ([place = 0]) => places.push(place));
    evaluate(parseExpression(attrs.program), operands, domain, (value, element) => {
      addAt(sum, places[element] ?? 0, value / attrs.divisor);
    });
  },
  peerKeeps: { inputs: [0, 1], outputs: [] },
};

/** Emits the expression as one elementwise op. */
export function emitElementwise(
  root: Expression,
  get: (index: number) => Value,
  options: EmitElementwise = {},
): Value {
  const { operands, attrs } = prepared(root, get, options);
  return emit(elementwiseOp, operands, attrs, options.rebuilds ? { rebuilds: true } : {});
}

export interface EmitSum extends EmitElementwise {
  /** Result shape: summed axes have size 1 or are missing at the end. */
  readonly shape: Shape;
  /** Divisor of every value: the number of summed elements for a mean. */
  readonly divisor: number;
}

/**
 * Emits the sum of the expression over the axes that `shape` lacks, divided by `divisor`; in several passes
 * if kernels cannot sum those axes in one.
 */
export function emitSum(
  root: Expression,
  get: (index: number) => Value,
  { shape, divisor, ...options }: EmitSum,
): Value<'float32'> {
  const { operands, attrs, domain } = prepared(root, get, options);
  const [first = shape, ...rest] = sumSteps(shape, domain);
  const divided = (last: boolean) => (last ? divisor : 1);
  let sum = emit(sumOp, operands, { ...attrs, shape: [...first], divisor: divided(rest.length === 0) });
  rest.forEach((next, index) => {
    const step = { program: 'x0', domain: [], shape: [...next], divisor: divided(index === rest.length - 1) };
    sum = emit(sumOp, [sum], step);
  });
  return sum.as('float32');
}

/**
 * The gradient for each operand of an expression op: the derivative, summed over the axes along which the
 * operand is broadcast.
 */
function elementwiseGradient(
  { attrs, inputs, input, diff, needs }: GradientContext<ElementwiseAttributes>,
  domain: Shape,
  { result, divisor }: { result: Value | null; divisor: number },
): (Value | null)[] {
  const [d, made] = [operand(MOST_OPERANDS), operand(MOST_OPERANDS + 1)];
  const cotangent = call('div', d, number(divisor));
  const parts = derivatives(parseExpression(attrs.program), inputs.length, cotangent, result && made);
  const get = (index: number): Value => {
    if (index < MOST_OPERANDS) return input(index);
    return index === MOST_OPERANDS || !result ? diff(0) : result;
  };
  return Array.from({ length: MOST_OPERANDS }, (_, index) => {
    const part = parts[index];
    if (!part || !needs(index)) return null;
    const { shape } = input(index);
    if (!fits(part)) throw new ShapeError(`the derivative of ${attrs.program} is too long for a kernel`);
    if (!fills(shape, domain)) return emitSum(part, get, { domain, shape, divisor: 1 });
    const full = emitElementwise(part, get, { domain });
    return viewed(full, shape);
  });
}
