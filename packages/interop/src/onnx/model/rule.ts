/** How ops are written: what a rule is given, and what it may do. */
import type { Attributes, OpDefinition, Shape } from '@inplace-abn/core';
import type { OnnxAttributes } from './model.js';
import type { Size } from './sizes.js';

/** The content of a value that is known when the model is written, in the order of its storage. */
export interface Constant {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** One node of the graph. Values of the model have names; images are N×C×H×W in both. */
export interface RuleContext<A extends Attributes> {
  /** At the size of the example: what a rule says that it writes as sizes it reads with `sizes`. */
  readonly attrs: A;
  /** Name of operand `index`; throws where it is absent. */
  input(index: number): string;
  /** Whether operand `index` is there. */
  has(index: number): boolean;
  /** Operands that are there. */
  readonly inputs: readonly string[];
  /** Sizes of operand `index`. */
  shape(index: number): readonly Size[];
  /** Sizes of the first output. */
  readonly outputShape: readonly Size[];
  /** The content of an operand, where that does not depend on the network's inputs. */
  constant(index: number): Constant | null;
  /** An attribute that lists numbers. */
  sizes(key: string): readonly Size[];
  /** Adds a node; the name of its output. */
  add(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  /** Adds a float32 tensor, row-major. */
  floats(name: string, shape: Shape, data: ArrayLike<number>): string;
  /** A float32 scalar. */
  scalar(value: number): string;
  /** An int64 vector. */
  ints(values: readonly number[]): string;
  /** An int64 vector of sizes, computed by the model where they are not fixed. */
  shapeOf(sizes: readonly Size[]): string;
  /** `x` in another shape with the same elements in row-major order. */
  reshaped(x: string, from: readonly Size[], to: readonly Size[]): string;
  /** Fails in one sentence: the op cannot be written, because … */
  refuse(reason: string): never;
}

/** Writes an op; the names of its outputs, in order. */
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
