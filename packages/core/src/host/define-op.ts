/**
 * User-defined ops. JavaScript computes them; they are traced, planned and differentiated like built-in ops.
 */
import { type DTypeArrays, type Shape, sameShape, toFloat64 } from '@inplace-abn/tensor';
import { ShapeError, UsageError } from '../errors.js';
import {
  type GradientContext,
  type HostRule,
  KEEPS_NOTHING,
  type NoAttributes,
  type OpDefinition,
  PURE,
} from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { ops } from '../ops/index.js';
import { streamed } from '../ops/support/cost.js';
import { emptyOperand, fromReference } from './operand.js';

/**
 * `data` is for activations, in float32 or the plan's compute dtype. The other kinds fix the dtype regardless
 * of compute dtype: `float32` for parameters and losses, `int32` for labels.
 */
export type OwnOperandKind = 'data' | 'float32' | 'int32' | 'int64' | 'uint8';

/**
 * An operand as JavaScript sees it. `data` holds its elements in storage order (channels-last for
 * activations), with every float dtype widened to float32.
 */
export interface OwnOperand<K extends OwnOperandKind> {
  /** Logical, N×C×S1×…. */
  readonly shape: Shape;
  /** The elements. In the result they start as zeros, for `run` to fill. */
  readonly data: K extends 'data' ? Float32Array : DTypeArrays[Exclude<K, 'data'>];
}

type Kinds = Readonly<Record<string, OwnOperandKind>>;
type Values<I extends Kinds> = { readonly [N in keyof I]: Value };

/** Declared as methods so that TypeScript checks parameters bivariantly and any op fits AnyOwnOp. */
interface Rules<I extends Kinds> {
  gradient(
    inputs: Values<I>,
    result: { readonly y: Value; readonly dy: Value },
    needs: (name: keyof I & string) => boolean,
  ): { readonly [N in keyof I]?: Value | null };
}

/** Definition of an op in JavaScript, for {@link defineOp}. */
export interface OwnOp<I extends Kinds = Kinds, O extends OwnOperandKind = OwnOperandKind> {
  /** Name shown in plans and errors: lower-case letters, digits and underscores, starting with a letter. */
  readonly name: string;
  /** Operands by name. */
  readonly inputs: I;
  /** Kind of the result; default `data`. */
  readonly output?: O;
  /**
   * Shape of the result; default: the shape of the first operand. If the operand shapes do not fit, it should
   * throw a ShapeError: the message then gets the op and the module path.
   */
  shape?(inputs: { readonly [N in keyof I]: Shape }): Shape;
  /**
   * Fills `output.data`, which starts as zeros. Must be a pure function of the operands: the compiler may
   * recompute the result instead of keeping it.
   */
  run(inputs: { readonly [N in keyof I]: OwnOperand<I[N]> }, output: OwnOperand<O>): void;
  /**
   * Emits ∂loss/∂operand from the operands, the result y and ∂loss/∂y, for each differentiable operand that
   * `needs` returns true for. null: the op is not differentiable, and a loss that depends on its result
   * throws UsageError.
   */
  readonly gradient: Rules<I>['gradient'] | null;
}

/** JavaScript is roughly this many times slower than a kernel, so recomputing is rarely worthwhile. */
const SLOWNESS = 100;

/**
 * Defines a custom op and returns the function that emits it, like `torch.autograd.Function`. The op works
 * with every trace, Session, precision and device, but it is slow: the step stops for it, and JavaScript
 * computes on copies.
 *
 *     const squareBackward = defineOp({
 *       name: 'square_backward',
 *       inputs: { x: 'data', dy: 'data' },
 *       run({ x, dy }, dx) {
 *         for (let i = 0; i < dx.data.length; i++) dx.data[i] = 2 * (x.data[i] ?? 0) * (dy.data[i] ?? 0);
 *       },
 *       gradient: null,
 *     });
 *     const square = defineOp({
 *       name: 'square',
 *       inputs: { x: 'data' },
 *       run({ x }, y) {
 *         for (let i = 0; i < y.data.length; i++) y.data[i] = (x.data[i] ?? 0) ** 2;
 *       },
 *       gradient: ({ x }, { dy }) => ({ x: squareBackward({ x, dy }) }),
 *     });
 *
 * Close over the op's parameters: `const power = (p: number) => defineOp({ … })`.
 *
 * @throws UsageError if the name is invalid or that of a built-in op, or if there are no operands. The
 *   returned function throws UsageError for a missing or unknown operand, ShapeError for a wrong dtype
 */
export function defineOp<const I extends Kinds, O extends OwnOperandKind = 'data'>(
  own: OwnOp<I, O>,
): (inputs: Values<I>) => Value {
  const names = Object.keys(own.inputs);
  checkName(own.name, names);
  const op = definitionOf(own, names);
  return (inputs) => emit(op, operandsOf(own.name, names, inputs), {});
}

function operandsOf(op: string, names: readonly string[], given: Readonly<Record<string, Value>>): Value[] {
  const call = `${op}({ ${names.join(', ')} })`;
  const other = Object.keys(given).find((name) => !names.includes(name));
  if (other !== undefined) throw new UsageError(`${op} has no operand ${other}: call it as ${call}`);
  return names.map((name) => {
    const value = given[name];
    if (value) return value;
    throw new UsageError(`${op} needs the operand ${name}: call it as ${call}`);
  });
}

function checkName(name: string, operands: readonly string[]): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError(
      `expected an op name of lower-case letters, digits and underscores but received "${name}"`,
    );
  }
  if (Object.hasOwn(ops, name)) throw new UsageError(`${name} is a built-in op: choose another name`);
  if (operands.length === 0) throw new UsageError(`${name} has no operands: an op computes from values`);
}

function definitionOf(own: OwnOp, names: readonly string[]): OpDefinition<NoAttributes> {
  const { name, output = 'data' } = own;
  const byName = <T>(list: readonly (T | null)[]): Record<string, T> => {
    const entries = list.flatMap((item, index) =>
      item === null ? [] : [[names[index] ?? '', item] as const],
    );
    return Object.fromEntries(entries);
  };
  const host: HostRule = (inputs, result) => own.run(byName(inputs), result);
  return {
    name,
    inputs: names.map((operand) => ({ name: operand, kind: own.inputs[operand] ?? 'data' })),
    outputs: [{ name: 'y', kind: output }],
    infer(context) {
      const shapes = context.inputs.map((type) => type?.shape ?? null);
      const shape = own.shape ? own.shape(byName(shapes)) : context.input(0).shape;
      const data = context.inputs.find((_, index) => own.inputs[names[index] ?? ''] === 'data');
      return [{ shape, dtype: output === 'data' ? (data?.dtype ?? 'float32') : output }];
    },
    gradient: own.gradient && ((context) => gradientsOf(own, names, byName(context.inputs), context)),
    overwrites: [],
    inverses: [],
    absorb: null,
    slices: null,
    rows: null,
    fusion: null,
    parts: null,
    labels: null,
    effects: PURE,
    cost(context, outputs) {
      const { flops, bytes } = streamed(context, outputs);
      return { flops: SLOWNESS * flops, bytes: SLOWNESS * bytes };
    },
    reference({ inputs, output }) {
      const read = inputs.flatMap((tensor) => (tensor ? [fromReference(tensor)] : []));
      const result = emptyOperand(output(0));
      host(read, result);
      output(0).data.set(toFloat64('float32', result.data));
    },
    peerKeeps: KEEPS_NOTHING,
    host,
  };
}

function gradientsOf(
  own: OwnOp,
  names: readonly string[],
  inputs: Readonly<Record<string, Value>>,
  { output, diff, needs }: GradientContext<NoAttributes>,
): (Value | null)[] {
  const needed = (name: string): boolean => needs(names.indexOf(name));
  const diffs = own.gradient?.(inputs, { y: output(0), dy: diff(0) }, needed) ?? {};
  return names.map((name) => {
    const given = diffs[name] ?? null;
    const operand = inputs[name];
    if (!given || !operand || !needed(name)) return null;
    if (sameShape(given.shape, operand.shape)) return given;
    throw new ShapeError(
      `${own.name}: expected a gradient of the shape of ${name} ${operand} but received ${given}`,
    );
  });
}
