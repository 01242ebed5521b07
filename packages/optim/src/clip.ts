import { clipScale, guardFinite, type Value } from '@inplace-abn/core';

/**
 * Clips by the global norm (torch.nn.utils.clip_grad_norm_): returns the norm of all gradients together and
 * the factor that limits it to `maxNorm`. A non-finite norm stops the step before any update.
 */
export function clipByGlobalNorm(
  gradients: readonly Value[],
  maxNorm: number,
): { norm: Value<'float32'>; scale: Value<'float32'> } {
  const { norm, scale } = clipScale(gradients, maxNorm);
  guardFinite(norm, 'the global norm of the gradients');
  return { norm, scale };
}
