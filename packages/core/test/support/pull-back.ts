import type { Value } from '../../src/ir/value.js';
import { gradientContext } from '../ops/harness.js';

/**
 * Traces the backward pass of the node that made `output`, for the cotangent `diff`: gradients of the node's
 * inputs in their order, null where an input is absent or has none. The nodes are marked as a training step's
 * would be.
 */
export function pullBack(output: Value, diff: Value): readonly (Value | null)[] {
  const { tracer } = output;
  const node = tracer.traced.find(({ outputs }) => outputs.includes(output.id));
  const rule = node?.op.gradient;
  if (!rule) throw new Error(`${output} comes from no op with a gradient`);
  const float = (index: number): boolean => {
    const id = node.inputs[index];
    return id !== null && id !== undefined && tracer.value(id).dtype !== 'int32';
  };
  return tracer.during('backward', node, () => rule(gradientContext(tracer, node, [diff], float)));
}
