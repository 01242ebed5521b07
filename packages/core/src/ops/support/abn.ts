/**
 * Shared by the ABN ops: the scale s, the values saved for the backward pass, and the conversion of a saved
 * element to x̂.
 */

import { channels, type DType, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import {
  type ActivationAttributes,
  activate,
  activationDiff,
  invertActivation,
  isInvertible,
  isInvertibleWhereActive,
} from '../../ir/activations.js';
import type { Attributes, Operand, ReferenceContext, ReferenceTensor } from '../../ir/define.js';
import type { GraphNode } from '../../ir/graph.js';
import type { Value } from '../../ir/value.js';
import { at } from './reference.js';

/** 'abs': s = |γ| + ε, the in-place layer; 'plain': s = γ, ordinary batch normalization. */
export type AbnScale = 'abs' | 'plain';

/** s of channel c; 1 without affine parameters. */
export function channelScale(
  weight: ReferenceTensor | null | undefined,
  c: number,
  { scale, eps }: { scale: AbnScale; eps: number },
): number {
  if (!weight) return 1;
  const gamma = weight.data[c] ?? 0;
  return scale === 'abs' ? Math.abs(gamma) + eps : gamma;
}

/** Distance from 1 to the next larger number. */
const ULP: Partial<Record<DType, number>> = { bfloat16: 2 ** -7, float16: 2 ** -10 };
const FLOAT32_ULP = 2 ** -23;
const FLOAT32_MIN = 2 ** -126;

/**
 * 1/s, for x̂ = (y − β)/s. With s = γ, 0 if |γ| is at most one unit in the last place of β, or too small for
 * a normal float32 (γ = 0 included). Rounded to the dtype of z, y then has no trace of x̂, and γ gets no
 * gradient.
 */
export function inverseScale(s: number, shift: number, { scale }: { scale: AbnScale }, dtype: DType): number {
  const least = Math.max((ULP[dtype] ?? FLOAT32_ULP) * Math.abs(shift), FLOAT32_MIN);
  return scale === 'plain' && Math.abs(s) <= least ? 0 : 1 / s;
}

export interface AbnSaved {
  /** The layer's input. The rebuild pass may replace it with the layer's output z. */
  readonly x: Value;
  readonly mean: Value;
  readonly variance: Value;
  readonly weight: Value | null;
  readonly bias: Value | null;
}

/** The two per-channel sums of ABN's backward, float32[C]. */
export interface AbnSums {
  /** Σ dy: the gradient of β. */
  readonly dy: Value;
  /** Σ dy·x̂. */
  readonly dyXhat: Value;
}

export type AbnBackwardAttributes = ActivationAttributes & {
  readonly eps: number;
  readonly scale: AbnScale;
  /** Whether the saved operand is the layer's input x or its output z. */
  readonly from: 'x' | 'z';
};

/**
 * x̂ appears only in products with dy, so it counts only where dz is not zero. The exception is dx with batch
 * statistics: there x̂·Σ(dy·x̂)/m reaches every element.
 */
function countsWithDz({ statistics }: Attributes): number | null {
  return statistics === 'batch' ? null : 0;
}

/** The leading operands of both backward ops. */
export const ABN_BACKWARD_OPERANDS: readonly Operand[] = [
  { name: 'dz', kind: 'data', pitched: true },
  { name: 'saved', kind: 'data', pitched: true, countsWith: countsWithDz },
  { name: 'mean', kind: 'float32' },
  { name: 'var', kind: 'float32' },
  { name: 'weight', kind: 'float32', optional: true },
  { name: 'bias', kind: 'float32', optional: true },
];

/** Throws ShapeError if `x` has no channels, or if a per-channel operand does not match them. */
export function checkChannels(x: TensorType, vectors: readonly (TensorType | null)[]): void {
  if (x.shape.length < 2)
    throw new ShapeError(`expected rank 2 or more (N×C×…) but received ${formatType(x)}`);
  for (const vector of vectors) {
    if (vector && elements(vector.shape) !== channels(x.shape)) {
      throw new ShapeError(`expected ${channels(x.shape)} channels but received ${formatType(vector)}`);
    }
  }
}

/** Throws ShapeError if a per-channel operand does not match the outputs of `weight` [O,…]. */
export function checkOutputs(weight: TensorType, vectors: readonly (TensorType | null)[]): void {
  for (const vector of vectors) {
    if (vector && elements(vector.shape) !== weight.shape[0]) {
      throw new ShapeError(
        `expected one element for each output of ${formatType(weight)} but received ${formatType(vector)}`,
      );
    }
  }
}

/**
 * Returns a function that converts a saved element (x or z) of channel c and its dz to dy and x̂. The
 * operands are those of ABN_BACKWARD_OPERANDS.
 */
export function savedReader(
  { attrs, inputs, input }: ReferenceContext<AbnBackwardAttributes>,
  c: number,
): (saved: number, dz: number) => { dy: number; xhat: number } {
  const scale = channelScale(inputs[4], c, attrs);
  const shift = inputs[5] ? at(inputs[5], c) : 0;
  if (attrs.from === 'z') {
    const unit = inverseScale(scale, shift, attrs, input(0).dtype);
    return (z, dz) => ({
      dy: activationDiff(dz, z, attrs),
      xhat: (invertActivation(z, attrs) - shift) * unit,
    });
  }
  const mean = at(input(2), c);
  const inverseStd = 1 / Math.sqrt(at(input(3), c) + attrs.eps);
  return (x, dz) => {
    const xhat = (x - mean) * inverseStd;
    return { dy: activationDiff(dz, activate(scale * xhat + shift, attrs), attrs), xhat };
  };
}

/**
 * Whether the backward pass can read z instead of x. With batch statistics it needs x̂ of every element, so φ
 * must be invertible and s never zero. With fixed statistics, dx = s/√(σ² + ε)·dy does not contain x̂, and Σ
 * dy·x̂ needs it only where dy ≠ 0. Relu is then enough, and s may be negative or zero.
 */
export function readsOutput(
  attrs: ActivationAttributes & { readonly scale: AbnScale; readonly statistics: 'batch' | 'fixed' },
): boolean {
  if (attrs.statistics === 'fixed') return isInvertibleWhereActive(attrs);
  return attrs.scale === 'abs' && isInvertible(attrs);
}

/** The `absorb` rule of the backward ops: they read z instead of x if `readsOutput` holds for their layer. */
export function absorbLayer<A extends AbnBackwardAttributes>(
  attrs: A,
  operand: number,
  inverted: GraphNode,
): { attrs: A; output: number } | null {
  if (operand !== 1 || attrs.from !== 'x') return null;
  const layer = inverted.attrs;
  const { statistics } = layer;
  const fits =
    (statistics === 'batch' || statistics === 'fixed') &&
    readsOutput({ ...attrs, statistics }) &&
    layer.scale === attrs.scale &&
    layer.eps === attrs.eps &&
    layer.activation === attrs.activation &&
    layer.slope === attrs.slope;
  return fits ? { attrs: { ...attrs, from: 'z' }, output: 0 } : null;
}
