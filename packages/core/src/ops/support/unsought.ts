import type { Elementwise } from '../../ir/define.js';
import type { Expression } from '../../ir/expression.js';

/** For ops with a dedicated kernel: they fuse only with neighboring expression ops. */
export function unsought(expression: Expression): Elementwise {
  return { expression, domain: null, seeks: false, reduce: null };
}
