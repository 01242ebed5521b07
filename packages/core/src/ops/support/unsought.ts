import type { Elementwise } from '../../ir/define.js';
import type { Expression } from '../../ir/expression.js';

/** An op with a kernel of its own: it becomes one with ops of expressions beside it, and with no others. */
export function unsought(expression: Expression): Elementwise {
  return { expression, domain: null, seeks: false, reduce: null };
}
