import { checkNumber, clipScale, guardFinite, type Value } from '@inplace-abn/core';

/**
 * Computes the scale that clips gradients by their global norm, like `torch.nn.utils.clip_grad_norm_`. A norm
 * that is not finite stops the step with NotFiniteError before any update.
 *
 * @param gradients float32, any shapes
 * @param maxNorm largest norm after scaling, above 0; Infinity scales nothing and gives the norm
 * @throws UsageError, code ERR_OPTION_VALUE, for another maxNorm
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
  if (maxNorm !== Number.POSITIVE_INFINITY) {
    checkNumber('clipByGlobalNorm', 'maxNorm', 'a number above 0', maxNorm);
  }
  const { norm, scale } = clipScale(gradients, maxNorm);
  guardFinite(norm, 'the global norm of the gradients');
  return { norm, scale };
}
