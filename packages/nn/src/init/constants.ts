import { elements, type TypedArray } from '@inplace-abn/core';
import type { StateDefinition } from '../module.js';

/**
 * The initial content of constant states: γ and variances 1, all others 0; of float32 ones in `content` if
 * given.
 */
export function constantContent(
  { role, shape, dtype }: StateDefinition,
  content: Float32Array = new Float32Array(dtype === 'int64' ? 0 : elements(shape)),
): TypedArray {
  if (dtype === 'int64') return new BigInt64Array(elements(shape));
  return content.fill(role === 'scale' || role === 'one' ? 1 : 0);
}
