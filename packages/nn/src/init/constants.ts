import { elements, type TypedArray } from '@inplace-abn/core';
import type { StateDefinition } from '../module.js';

/** The initial content of constant states: γ and variances 1, all others 0. */
export function constantContent({ role, shape, dtype }: StateDefinition): TypedArray {
  if (dtype === 'int64') return new BigInt64Array(elements(shape));
  return new Float32Array(elements(shape)).fill(role === 'scale' || role === 'one' ? 1 : 0);
}
