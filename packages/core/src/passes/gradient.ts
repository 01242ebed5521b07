/** Reverse-mode automatic differentiation: appends gradient nodes to a trace. */
import { type DType, elements, isDataDType, sameShape } from '@inplace-abn/tensor';
import { described, ShapeError, UsageError } from '../errors.js';
import type { Attributes, GradientContext } from '../ir/define.js';
import { type GraphNode, operands, type ValueId } from '../ir/graph.js';
import { operandAt } from '../ir/infer.js';
import { nodeAt } from '../ir/text.js';
import type { Tracer } from '../ir/tracer.js';
import { Value } from '../ir/value.js';
import { add } from '../ops/add.js';
import { constant } from '../ops/constant.js';

/**
 * Σ cotangent · ∂value/∂v for each v of `wrt`, like `torch.autograd.grad`. The plan counts gradients of
 * states as parameter gradients.
 *
 * @param cotangent gradient of the loss with respect to `value`, with its shape and dtype, treated as a
 * constant; optional for a scalar `value` (the loss itself), where it defaults to 1
 * @returns one gradient per v, with its shape; null if `value` does not depend on v
 * @throws UsageError if `value` depends on one of `wrt` through an op without a gradient rule, or through an
 *   operand that the op's rule does not cover; if a `cotangent` is missing; code ERR_OTHER_TRACE for a value
 *   of another trace
 * @throws ShapeError if the type of `cotangent` is wrong
 */
export function gradients<D extends DType>(
  value: Value,
  wrt: readonly Value<D>[],
  cotangent?: Value,
): (Value<D> | null)[] {
  if (!(value instanceof Value && Array.isArray(wrt))) {
    throw new UsageError(
      `gradients: expected a value and an array of values but received ${described(value)} and ${described(wrt)}`,
    );
  }
  const { tracer } = value;
  for (const each of wrt) tracer.own(each);
  if (cotangent) checkCotangent(value, tracer.own(cotangent));
  else if (elements(value.shape) !== 1) {
    throw new UsageError(`expected a scalar loss, or a cotangent with it, but received ${value} alone`);
  }
  const nodes = tracer.traced;
  const active = dependents(nodes, wrt);
  const diffs = new Map<ValueId, Value>();
  tracer.during('backward', null, () => {
    diffs.set(value.id, cotangent ?? constant(tracer, 1, value.shape, value.dtype));
  });
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((id) => diffs.has(id)) || !operands(node).some((id) => active.has(id))) continue;
    tracer.during('backward', node, () => backward(tracer, node, active, diffs));
  }
  return wrt.map(({ id, kind, dtype }) => {
    const diff = diffs.get(id)?.as(dtype) ?? null;
    return diff && diff !== cotangent && kind === 'state' ? tracer.retag(diff, 'gradient') : diff;
  });
}

function checkCotangent(value: Value, cotangent: Value): void {
  if (sameShape(cotangent.shape, value.shape) && cotangent.dtype === value.dtype) return;
  throw new ShapeError(`expected a cotangent of the type of ${value} but received ${cotangent}`);
}

/** Values that depend on one of `wrt`, and whether through differentiable ops only. */
type Dependents = ReadonlyMap<ValueId, 'differentiable' | 'opaque'>;

function dependents(nodes: readonly GraphNode[], wrt: readonly Value[]): Dependents {
  const active = new Map<ValueId, 'differentiable' | 'opaque'>();
  for (const { id } of wrt) active.set(id, 'differentiable');
  for (const node of nodes) {
    const met = operands(node).map((id) => active.get(id));
    if (met.every((dependence) => dependence === undefined)) continue;
    const differentiable = node.op.gradient !== null && met.includes('differentiable');
    for (const id of node.outputs) {
      if (differentiable || !active.has(id)) active.set(id, differentiable ? 'differentiable' : 'opaque');
    }
  }
  return active;
}

function backward(tracer: Tracer, node: GraphNode, active: Dependents, diffs: Map<ValueId, Value>): void {
  const definition = node.op;
  if (!definition.gradient) {
    throw new UsageError(`${nodeAt(node)} has no gradient rule, and the loss depends on its result`);
  }
  const results = definition.gradient(gradientContext(tracer, node, active, diffs));
  node.inputs.forEach((id, index) => {
    if (id === null || !active.has(id)) return;
    const diff = results[index];
    if (diff) {
      const known = diffs.get(id);
      diffs.set(id, known ? add(known, diff) : diff);
    } else if (active.get(id) === 'differentiable' && isDataDType(tracer.value(id).dtype)) {
      // Opaque operands need no gradient: abn_apply's gradient for x includes that through its statistics.
      const operand = operandAt(definition.inputs, index)?.name ?? `operand ${index}`;
      throw new UsageError(`${nodeAt(node)} has no gradient for ${operand}, and the loss depends on it`);
    }
  });
}

function gradientContext(
  tracer: Tracer,
  node: GraphNode,
  active: Dependents,
  diffs: Map<ValueId, Value>,
): GradientContext<Attributes> {
  const inputs = node.inputs.map((id) => (id === null ? null : tracer.value(id)));
  const outputs = node.outputs.map((id) => tracer.value(id));
  const outputDiffs = node.outputs.map((id) => diffs.get(id) ?? null);
  const present = <T>(list: readonly (T | null)[], index: number, what: string): T => {
    const item = list[index];
    if (item === null || item === undefined) throw new RangeError(`${node.op.name} has no ${what} ${index}`);
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
