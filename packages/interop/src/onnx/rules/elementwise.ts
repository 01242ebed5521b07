import {
  aligned,
  type Expression,
  type FunctionName,
  listing,
  ops,
  parseExpression,
} from '@inplace-abn/core';
import { type RuleContext, rule } from '../model/rule.js';
import { isFixed, isOne, type Size, sameSize } from '../model/sizes.js';
import { DATA_TYPES } from '../proto/messages.js';

type ElementwiseAttributes = { readonly program: string; readonly domain: readonly number[] };

/** Functions with an ONNX op of the same operands. */
const TYPES: Partial<Record<FunctionName, string>> = {
  abs: 'Abs',
  add: 'Add',
  div: 'Div',
  exp: 'Exp',
  log: 'Log',
  mul: 'Mul',
  neg: 'Neg',
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  sign: 'Sign',
  sqrt: 'Sqrt',
  sub: 'Sub',
  tanh: 'Tanh',
};

/** Functions whose second operand is a number, which becomes an attribute. */
const WITH_ALPHA: Partial<Record<FunctionName, string>> = { elu: 'Elu', leaky_relu: 'LeakyRelu' };

/** The value of the expression, in the broadcast shape of its operands. */
function computed<A extends ElementwiseAttributes>(context: RuleContext<A>, rank: number): string {
  const root = parseExpression(context.attrs.program);
  const { calls, at } = listing(root);
  const results: string[] = [];
  const nameOf = (expression: Expression): string => {
    if (expression.kind === 'number') return context.scalar(expression.value);
    if (expression.kind === 'operand') return alongFirstAxes(context, expression.index, rank);
    return results[at.get(expression) ?? -1] ?? context.refuse('its expression is not in order');
  };
  for (const { fn, args } of calls) {
    const [x, alpha] = args;
    const parameterized = WITH_ALPHA[fn];
    if (parameterized && x && alpha?.kind === 'number') {
      results.push(context.add(parameterized, [nameOf(x)], { alpha: { float: alpha.value } }));
    } else {
      const type = TYPES[fn] ?? context.refuse(`ONNX has no form of ${fn} here`);
      results.push(context.add(type, args.map(nameOf)));
    }
  }
  return nameOf(root);
}

/** Aligns an operand's axes for ONNX, which broadcasts from the last axis, not from the first. */
function alongFirstAxes<A extends ElementwiseAttributes>(
  context: RuleContext<A>,
  index: number,
  rank: number,
): string {
  const x = context.input(index);
  const own = context.shape(index).length;
  if (own === 0 || own === rank) return x;
  const vector = own === 1;
  const more = vector ? rank - 2 : rank - own;
  if (more === 0) return x;
  const axes = Array.from({ length: more }, (_, axis) => own + axis);
  return context.add('Unsqueeze', [x, context.ints(axes)]);
}

/** Sizes of operand `index` along the axes of a value of rank `rank`. */
function alongAxes(shape: readonly Size[], rank: number): Size[] {
  const traces = shape[0]?.length ?? 1;
  const columns = Array.from({ length: traces }, (_, trace) => {
    return aligned(
      shape.map((size) => size[trace] ?? 1),
      rank,
    );
  });
  return Array.from({ length: rank }, (_, axis) => columns.map((column) => column[axis] ?? 1));
}

/** Whether an operand has the size `size` along an axis; operands without the axis do not count. */
function given<A extends ElementwiseAttributes>(
  context: RuleContext<A>,
  domain: readonly Size[],
  axis: number,
): boolean {
  const size = domain[axis] ?? [];
  if (isOne(size)) return true;
  return context.inputs.some((_, index) => {
    const own = alongAxes(context.shape(index), domain.length)[axis] ?? [];
    return own.length === size.length && sameSize(own, size);
  });
}

/** The expression's values, all of them in full shape. */
function filled<A extends ElementwiseAttributes>(context: RuleContext<A>, domain: readonly Size[]): string {
  const value = computed(context, domain.length);
  if (domain.every((_, axis) => given(context, domain, axis))) return value;
  return context.add('Expand', [value, context.shapeOf(domain)]);
}

/** The shape of the expression's values, from the operands or the attribute. */
function domainOf<A extends ElementwiseAttributes>(context: RuleContext<A>): Size[] {
  const shapes = [context.sizes('domain'), ...context.inputs.map((_, index) => context.shape(index))];
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => alongAxes(shape, rank)[axis] ?? []);
    return sizes.find((size) => !isOne(size)) ?? sizes[0] ?? [];
  });
}

type SumAttributes = ElementwiseAttributes & { readonly shape: readonly number[]; readonly divisor: number };

/** Divides a sum by its divisor; for a mean that is the number of elements. */
function divided(context: RuleContext<SumAttributes>, sum: string): string {
  const [divisor = [1]] = context.sizes('divisor');
  if (isOne(divisor)) return sum;
  if (isFixed(divisor)) return context.add('Div', [sum, context.scalar(divisor[0] ?? 1)]);
  const count = context.add('Cast', [context.shapeOf([divisor])], { to: { int: DATA_TYPES.float32 } });
  return context.add('Div', [sum, count]);
}

/** Reshapes a sum that kept its axes to the op's shape. */
function squeezed(context: RuleContext<SumAttributes>, sum: string, rank: number): string {
  const left = context.attrs.shape.length;
  if (left === rank) return sum;
  const kept = (axis: number) => (left === 1 && rank > 1 ? axis === 1 : axis < left);
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !kept(axis));
  return context.add('Squeeze', [sum, context.ints(axes)]);
}

export const elementwiseRules = [
  rule(ops.elementwise, (context) => filled(context, context.outputShape), ['domain']),
  rule(
    ops.sum,
    (context) => {
      const domain = domainOf(context);
      const kept = alongAxes(context.sizes('shape'), domain.length);
      const axes = domain.flatMap((size, axis) => (isOne(kept[axis] ?? []) && !isOne(size) ? [axis] : []));
      const values = filled(context, domain);
      const sum =
        axes.length > 0
          ? context.add('ReduceSum', [values, context.ints(axes)], { keepdims: { int: 1 } })
          : values;
      return squeezed(context, divided(context, sum), domain.length);
    },
    ['domain', 'shape', 'divisor'],
  ),
];
