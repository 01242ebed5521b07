/** Ops of a user's own: computed by JavaScript, traced, planned and differentiated like all others. */
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
 * `data`: activations, float32 or what the plan computes in. The others are of that dtype whatever the plan computes in:
 * `float32` for parameters and losses, `int32` for labels.
 */
export type OwnOperandKind = 'data' | 'float32' | 'int32' | 'int64' | 'uint8';

/** An operand as JavaScript sees it. `data`: its elements in storage order, channels-last for activations; floats as float32. */
export interface OwnOperand<K extends OwnOperandKind> {
  readonly shape: Shape;
  readonly data: K extends 'data' ? Float32Array : DTypeArrays[Exclude<K, 'data'>];
}

type Kinds = Readonly<Record<string, OwnOperandKind>>;
type Values<I extends Kinds> = { readonly [N in keyof I]: Value };

/** The rules as methods, which TypeScript compares in both directions: an op of any operands fits AnyOwnOp. */
interface Rules<I extends Kinds> {
  gradient(
    inputs: Values<I>,
    result: { readonly y: Value; readonly dy: Value },
    needs: (name: keyof I & string) => boolean,
  ): { readonly [N in keyof I]?: Value | null };
}

export interface OwnOp<I extends Kinds = Kinds, O extends OwnOperandKind = OwnOperandKind> {
  /** As plans and errors show it: lower-case letters, digits and underscores. */
  readonly name: string;
  /** Operands by name. */
  readonly inputs: I;
  /** Kind of the result; `data` when left out. */
  readonly output?: O;
  /** Shape of the result; that of the first operand when left out. Throws for operands that do not fit. */
  shape?(inputs: { readonly [N in keyof I]: Shape }): Shape;
  /**
   * Fills `output.data`, zeros before. It must follow from the operands alone: the compiler may run it again instead of
   * keeping its result.
   */
  run(inputs: { readonly [N in keyof I]: OwnOperand<I[N]> }, output: OwnOperand<O>): void;
  /**
   * Emits ∂loss/∂operand, from the operands, the result y and ∂loss/∂y, for those that have one and that `needs` asks for.
   * null: none; a loss that depends on the result is then an error.
   */
  readonly gradient: Rules<I>['gradient'] | null;
}

/** Elements take about so many times as long in JavaScript as in a kernel: it is seldom worth running twice. */
const SLOWNESS = 100;

/**
 * Defines an op of your own and returns the function that emits it. It works in every trace, Session and precision, on every
 * device: right, but slow, because a step stops for it and JavaScript computes on copies.
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
 * Parameters of the op are variables of the function around it: `const power = (p: number) => defineOp({ … })`.
 *
 * @throws UsageError for a name that is none or that a built-in op has, and without operands
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
      `expected lower-case letters, digits and underscores for the name of an op but received "${name}"`,
    );
  }
  if (Object.hasOwn(ops, name)) throw new UsageError(`${name} is a built-in op: give yours another name`);
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
