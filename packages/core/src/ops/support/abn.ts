/** Shared by the ABN ops: the scale s, the values saved for the backward pass, and how they are read. */

import { channels, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import {
  type ActivationAttributes,
  activate,
  activationDiff,
  invertActivation,
} from '../../ir/activations.js';
import type { Operand, ReferenceContext, ReferenceTensor } from '../../ir/define.js';
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

export interface AbnSaved {
  /** The layer's input. The rebuild pass may substitute its output. */
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

/** The leading operands of both backward ops. */
export const ABN_BACKWARD_OPERANDS: readonly Operand[] = [
  { name: 'dz', kind: 'data', pitched: true },
  { name: 'saved', kind: 'data', pitched: true },
  { name: 'mean', kind: 'float32' },
  { name: 'var', kind: 'float32' },
  { name: 'weight', kind: 'float32', optional: true },
  { name: 'bias', kind: 'float32', optional: true },
];

/** Throws ShapeError if a per-channel operand does not match the channels of `x`. */
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

/** Converts a saved element of channel c and its dz to (dy, x̂); operands as in ABN_BACKWARD_OPERANDS. */
export function savedReader(
  { attrs, inputs, input }: ReferenceContext<AbnBackwardAttributes>,
  c: number,
): (saved: number, dz: number) => { dy: number; xhat: number } {
  const scale = channelScale(inputs[4], c, attrs);
  const shift = inputs[5] ? at(inputs[5], c) : 0;
  if (attrs.from === 'z') {
    return (z, dz) => ({
      dy: activationDiff(dz, z, attrs),
      xhat: (invertActivation(z, attrs) - shift) / scale,
    });
  }
  const mean = at(input(2), c);
  const inverseStd = 1 / Math.sqrt(at(input(3), c) + attrs.eps);
  return (x, dz) => {
    const xhat = (x - mean) * inverseStd;
    return { dy: activationDiff(dz, activate(scale * xhat + shift, attrs), attrs), xhat };
  };
}

/** The backward ops read z instead of x if z = φ(y) is invertible and s cannot be zero. */
export function absorbLayer<A extends AbnBackwardAttributes>(
  attrs: A,
  operand: number,
  inverted: GraphNode,
): { attrs: A; output: number } | null {
  if (operand !== 1 || attrs.from !== 'x' || attrs.scale !== 'abs') return null;
  const layer = inverted.attrs;
  const fits =
    layer.statistics !== undefined &&
    layer.scale === attrs.scale &&
    layer.eps === attrs.eps &&
    layer.activation === attrs.activation &&
    layer.slope === attrs.slope;
  return fits ? { attrs: { ...attrs, from: 'z' }, output: 0 } : null;
}
