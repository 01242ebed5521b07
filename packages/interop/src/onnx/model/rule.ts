/** The interface of rules that write ops. */
import type { Attributes, OpDefinition, Shape } from '@inplace-abn/core';
import type { OnnxAttributes } from './model.js';
import type { Size } from './sizes.js';

/** The content of a value that is known when the model is written, in the order of storage. */
export interface Constant {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** A node of the graph. Values of the model have names; images are N×C×H×W in both. */
export interface RuleContext<A extends Attributes> {
  /** Attributes at the sizes of the example; a rule reads dynamic sizes with `sizes`. */
  readonly attrs: A;
  /** Name of operand `index`; throws if it is absent. */
  input(index: number): string;
  /** Whether operand `index` is present. */
  has(index: number): boolean;
  /** Names of the present operands. */
  readonly inputs: readonly string[];
  /** Sizes of operand `index`. */
  shape(index: number): readonly Size[];
  /** Sizes of the first output. */
  readonly outputShape: readonly Size[];
  /** The content of an operand, if it does not depend on the network's inputs. */
  constant(index: number): Constant | null;
  /** The sizes in an attribute that lists numbers. */
  sizes(key: string): readonly Size[];
  /** Adds a node; returns the name of its output. */
  add(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  /** Adds a float32 tensor, row-major. */
  floats(name: string, shape: Shape, data: ArrayLike<number>): string;
  /** A float32 scalar. */
  scalar(value: number): string;
  /** An int64 vector. */
  ints(values: readonly number[]): string;
  /** An int64 vector of sizes; the model computes dynamic ones. */
  shapeOf(sizes: readonly Size[]): string;
  /** `x` in another shape with the same elements in row-major order. */
  reshaped(x: string, from: readonly Size[], to: readonly Size[]): string;
  /** Throws an error: the op cannot be written, because … */
  refuse(reason: string): never;
}

/** Writes an op; returns the names of its outputs, in order. */
export interface OnnxRule<A extends Attributes = Attributes> {
  readonly op: OpDefinition<A>;
  /** Attributes that may depend on the size of the network's inputs. */
  readonly dynamic: readonly string[];
  // A method, which TypeScript compares in both directions: a node holds the attributes of its op.
  write(context: RuleContext<A>): string | readonly string[];
}

export function rule<A extends Attributes>(
  op: OpDefinition<A>,
  write: (context: RuleContext<A>) => string | readonly string[],
  dynamic: readonly (keyof A & string)[] = [],
): OnnxRule<A> {
  return { op, dynamic, write };
}
