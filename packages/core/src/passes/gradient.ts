/** Reverse-mode differentiation: appends to a trace the nodes that compute ∂loss/∂wrt. */
import { UsageError } from '../errors.js';
import { type GraphNode, operands, type ValueId } from '../graph/graph.js';
import { add } from '../ops/add.js';
import { constant } from '../ops/constant.js';
import type { Attributes, GradientContext } from '../ops/define.js';
import { opOf } from '../ops/index.js';
import { elements } from '../shape.js';
import type { Tracer } from '../trace/tracer.js';
import type { Value } from '../trace/value.js';

/**
 * ∂loss/∂v for each v of `wrt`; null where the loss does not depend on v. `loss` is a scalar.
 * Gradients of states are counted as parameter gradients in the plan.
 */
export function gradients(loss: Value, wrt: readonly Value[]): (Value | null)[] {
  if (elements(loss.shape) !== 1) throw new UsageError(`expected a scalar loss but received ${loss}`);
  const tracer = loss.tracer;
  const nodes = tracer.traced;
  const active = dependents(nodes, wrt);
  const diffs = new Map<ValueId, Value>();
  tracer.during('backward', null, () => diffs.set(loss.id, constant(tracer, 1, loss.shape, loss.dtype)));
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((id) => diffs.has(id)) || !operands(node).some((id) => active.has(id))) continue;
    tracer.during('backward', node, () => backward(tracer, node, active, diffs));
  }
  return wrt.map((value) => {
    const diff = diffs.get(value.id);
    if (!diff) return null;
    return value.kind === 'state' ? tracer.retag(diff, 'gradient') : diff;
  });
}

/** Values that change when one of `wrt` does. */
function dependents(nodes: readonly GraphNode[], wrt: readonly Value[]): Set<ValueId> {
  const active = new Set(wrt.map((value) => value.id));
  for (const node of nodes) {
    if (opOf(node.op).gradient && operands(node).some((id) => active.has(id))) {
      for (const id of node.outputs) active.add(id);
    }
  }
  return active;
}

function backward(tracer: Tracer, node: GraphNode, active: Set<ValueId>, diffs: Map<ValueId, Value>): void {
  const rule = opOf(node.op).gradient;
  if (!rule) return;
  const context = gradientContext(tracer, node, active, diffs);
  rule(context).forEach((diff, index) => {
    const id = node.inputs[index];
    if (!diff || id === null || id === undefined || !active.has(id)) return;
    const known = diffs.get(id);
    diffs.set(id, known ? add(known, diff) : diff);
  });
}

function gradientContext(
  tracer: Tracer,
  node: GraphNode,
  active: Set<ValueId>,
  diffs: Map<ValueId, Value>,
): GradientContext<Attributes> {
  const inputs = node.inputs.map((id) => (id === null ? null : tracer.value(id)));
  const outputs = node.outputs.map((id) => tracer.value(id));
  const outputDiffs = node.outputs.map((id) => diffs.get(id) ?? null);
  const present = <T>(list: readonly (T | null)[], index: number, what: string): T => {
    const item = list[index];
    if (item === null || item === undefined) throw new RangeError(`${node.op} has no ${what} ${index}`);
    return item;
  };
  return {
    attrs: node.attrs,
    inputs,
    diffs: outputDiffs,
    input: (index) => present(inputs, index, 'input'),
    output: (index) => present(outputs, index, 'output'),
    diff: (index) => present(outputDiffs, index, 'gradient of output'),
    needs: (index) => {
      const id = node.inputs[index];
      return id !== null && id !== undefined && active.has(id);
    },
  };
}
