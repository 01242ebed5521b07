import type { Elementwise } from '../../ir/define.js';
import type { Expression } from '../../ir/expression.js';

/**
 * The elementwise form of an op with a dedicated kernel, which fuses only with neighboring expression ops.
 */
export function unsought(expression: Expression): Elementwise {
  return { expression, domain: null, seeks: false, reduce: null };
}
