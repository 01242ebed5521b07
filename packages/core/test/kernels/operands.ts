/** The structure of kernel cases, and the default contents of their operands. */

import { elements, type Shape } from '@inplace-abn/tensor';
import { type ActivationAttributes, activate } from '../../src/ir/activations.js';
import type { Attributes } from '../../src/ir/define.js';
import { bytes, integers, normal, uniform } from '../support/prng.js';

export type Draw = (name: string, shape: Shape) => ArrayLike<number>;

export interface KernelCase<A extends Attributes = Attributes> {
  readonly attrs: A;
  /** Logical shapes of the operands in order; null for an absent one. */
  readonly inputs: readonly (Shape | null)[];
  /** By operand name, to override drawOperand. */
  readonly draw?: Readonly<Record<string, Draw>>;
  /** Operands that are float32 next to data of any dtype, if the op accepts both. */
  readonly floats?: readonly number[];
  /** Tolerance of float32 outputs where sums amplify the error. */
  readonly tolerance?: number;
}

/** ±0.5 to ±1.5: scales that stay away from zero. */
const signed: Draw = (name, shape) => {
  const sign = normal(`${name}:sign`, shape);
  return uniform(name, shape, 0.5, 1.5).map((value, i) => ((sign[i] ?? 0) < 0 ? -value : value));
};

const BY_NAME: Readonly<Record<string, Draw>> = {
  var: (name, shape) => uniform(name, shape, 0.3, 3),
  running_var: (name, shape) => uniform(name, shape, 0.3, 3),
  exp_avg_sq: (name, shape) => uniform(name, shape, 0, 2),
  num_batches: filled(6),
  seed: filled(77),
  lr: filled(0.1),
  step: filled(3),
  clip: filled(0.5),
  dloss: filled(0.75),
  images: bytes,
};

export function filled(value: number): Draw {
  return (_, shape) => new Float64Array(elements(shape)).fill(value);
}

export function labelsBelow(bound: number): Draw {
  return (name, shape) => integers(name, shape, bound);
}

/** Per-channel scales of either sign. */
export const affine = { weight: signed };

/** Adds the operand `count`, the number of samples over all processes. */
export const counted = <A extends Attributes, D extends object>(record: {
  readonly attrs: A;
  readonly inputs: readonly (Shape | null)[];
  readonly draw?: D;
}) => ({
  ...record,
  inputs: [...record.inputs, []],
  draw: { ...record.draw, count: filled(99) },
});

/** φ of normal numbers: plausible outputs of a layer. */
export function activated(attrs: ActivationAttributes): Draw {
  return (name, shape) => normal(name, shape).map((value) => activate(value, attrs));
}

/** Numbers that depend only on the operand's name and shape. */
export const drawOperand: Draw = (name, shape) => (BY_NAME[name] ?? normal)(`${name}:${shape.join()}`, shape);
