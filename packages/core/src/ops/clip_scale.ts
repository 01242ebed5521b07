/**
 * The global L2 norm of gradients and the clipping factor min(1, max_norm/(norm + 1e-6)), like
 * torch.nn.utils.clip_grad_norm_. The updates apply the factor, so no clipped copy is written.
 */
import { elements } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';

export type ClipScaleAttributes = { readonly max_norm: number };

export const clipScaleOp: OpDefinition<ClipScaleAttributes> = {
  name: 'clip_scale',
  inputs: [{ name: 'grad', kind: 'float32', variadic: true }],
  outputs: [
    { name: 'norm', kind: 'float32' },
    { name: 'scale', kind: 'float32' },
  ],
  infer: () => [
    { shape: [], dtype: 'float32' },
    { shape: [], dtype: 'float32' },
  ],
  gradient: null,
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
    const flops = context.inputs.reduce((sum, type) => sum + 2 * (type ? elements(type.shape) : 0), 0);
    return streamed(context, outputs, flops);
  },
  reference({ attrs, inputs, output }) {
    let squares = 0;
    for (const grad of inputs) for (const value of grad?.data ?? []) squares += value * value;
    const norm = Math.sqrt(squares);
    output(0).data[0] = norm;
    output(1).data[0] = Math.min(1, attrs.max_norm / (norm + 1e-6));
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * The norm of all gradients together, and the factor that clips it, min(1, maxNorm/(norm + 1e-6)), as in
 * `torch.nn.utils.clip_grad_norm_`. The updates apply the factor.
 *
 * @param grads float32, any shapes
 * @param maxNorm gradients with a larger norm are scaled down to about this norm
 * @throws UsageError without gradients
 */
export function clipScale(
  grads: readonly Value[],
  maxNorm: number,
): {
  /** Global L2 norm, float32[]. */
  norm: Value<'float32'>;
  /** Factor for every gradient, float32[], at most 1. */
  scale: Value<'float32'>;
} {
  const outputs = emitAll(clipScaleOp, grads, { max_norm: maxNorm });
  return { norm: outputAt(outputs, 0).as('float32'), scale: outputAt(outputs, 1).as('float32') };
}
