import { clipScale, guardFinite, type Value } from '@inplace-abn/core';

/**
 * Computes the scale that clips gradients by their global norm, like `torch.nn.utils.clip_grad_norm_`. A norm
 * that is not finite stops the step with NotFiniteError before any update.
 *
 * @param gradients float32, any shapes
 * @param maxNorm largest norm after scaling
 */
export function clipByGlobalNorm(
  gradients: readonly Value[],
  maxNorm: number,
): {
  /** L2 norm of all gradients together, float32[]. */
  norm: Value<'float32'>;
  /** Factor for every gradient, float32[], at most 1. */
  scale: Value<'float32'>;
} {
  const { norm, scale } = clipScale(gradients, maxNorm);
  guardFinite(norm, 'the global norm of the gradients');
  return { norm, scale };
}
