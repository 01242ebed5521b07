/** A node's operands as traced values, for rules that emit nodes. */

import type { FuseContext } from './define.js';
import type { GraphNode } from './graph.js';
import type { Tracer } from './tracer.js';

export function contextOf(tracer: Tracer, { attrs, inputs, op }: GraphNode): FuseContext<GraphNode['attrs']> {
  const values = inputs.map((id) => (id === null ? null : tracer.value(id)));
  return {
    attrs,
    inputs: values,
    input(index) {
      const value = values[index];
      if (!value) throw new RangeError(`${op.name} has no operand ${index}`);
      return value;
    },
  };
}
