import { elements, type TypedArray } from '@inplace-abn/core';
import type { StateDefinition } from '../module.js';

/**
 * Initial content of a constant state: 1 for γ and variances, 0 for all others. A float32 state is written
 * into `content` if given.
 */
export function constantContent(
  { role, shape, dtype }: StateDefinition,
  content: Float32Array = new Float32Array(dtype === 'int64' ? 0 : elements(shape)),
): TypedArray {
  if (dtype === 'int64') return new BigInt64Array(elements(shape));
  return content.fill(role === 'scale' || role === 'one' ? 1 : 0);
}
