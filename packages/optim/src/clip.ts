import { clipScale, guardFinite, type Value } from '@inplace-abn/core';

/**
 * Global-norm clipping (torch.nn.utils.clip_grad_norm_): the norm of all gradients together and the factor that
 * brings it to at most `maxNorm`. A norm that is not finite stops the step before any update.
 */
export function clipByGlobalNorm(
  gradients: readonly Value[],
  maxNorm: number,
): { norm: Value; scale: Value } {
  const { norm, scale } = clipScale(gradients, maxNorm);
  guardFinite(norm, 'the global norm of the gradients');
  return { norm, scale };
}
