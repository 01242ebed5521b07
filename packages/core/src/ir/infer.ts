import { formatType, isDataDType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import type { AnyOp, Attributes, Cost, InferContext, Operand } from './define.js';
import { type Graph, type GraphNode, operandTypes, valueInfo } from './graph.js';

/** Description of operand `index`; a variadic last operand repeats. */
export function operandAt(operands: readonly Operand[], index: number): Operand | undefined {
  const last = operands.at(-1);
  return operands[index] ?? (last?.variadic ? last : undefined);
}

function inferContext<A>(inputs: readonly (TensorType | null)[], attrs: A): InferContext<A> {
  return {
    inputs,
    attrs,
    input(index) {
      const type = inputs[index];
      if (!type) throw new ShapeError(`operand ${index} is missing`);
      return type;
    },
  };
}

/** The context for rules that need only a node's types. */
export function nodeContext(graph: Graph, node: GraphNode): InferContext<Attributes> {
  return inferContext(operandTypes(graph, node), node.attrs);
}

/** Floating-point operations and minimum memory traffic in bytes of a node. */
export function costOf(graph: Graph, node: GraphNode): Cost {
  const outputs = node.outputs.map((id) => valueInfo(graph, id));
  return node.op.cost(nodeContext(graph, node), outputs);
}

/**
 * Output types of `op`, after checking that its operands are present and have supported dtypes.
 *
 * @throws ShapeError for an operand that is missing, surplus, or of another dtype or shape
 */
export function inferTypes(
  op: AnyOp,
  inputs: readonly (TensorType | null)[],
  attrs: Attributes,
): readonly TensorType[] {
  checkOperands(op.inputs, inputs);
  return op.infer(inferContext(inputs, attrs));
}

function checkOperands(operands: readonly Operand[], inputs: readonly (TensorType | null)[]): void {
  const required = operands.filter((operand) => !operand.optional).length;
  if (inputs.length < required)
    throw new ShapeError(`expected ${required} operands but received ${inputs.length}`);
  let data: TensorType | null = null;
  inputs.forEach((type, index) => {
    const operand = operandAt(operands, index);
    if (!operand)
      throw new ShapeError(`expected at most ${operands.length} operands but received ${inputs.length}`);
    if (!type) {
      if (!operand.optional) throw new ShapeError(`operand ${operand.name} is missing`);
      return;
    }
    checkDType(operand, type, data);
    if (operand.kind === 'data') data = type;
  });
}

function checkDType(operand: Operand, type: TensorType, data: TensorType | null): void {
  if (operand.kind === 'any') return;
  if (operand.kind === 'labels') {
    if (type.dtype === 'int32' || type.dtype === 'uint8') return;
    throw new ShapeError(`expected int32 or uint8 for ${operand.name} but received ${formatType(type)}`);
  }
  if (operand.kind !== 'data') {
    if (type.dtype === operand.kind) return;
    throw new ShapeError(`expected ${operand.kind} for ${operand.name} but received ${formatType(type)}`);
  }
  if (!isDataDType(type.dtype)) {
    throw new ShapeError(
      `expected float32, bfloat16 or float16 for ${operand.name} but received ${formatType(type)}`,
    );
  }
  if (data && data.dtype !== type.dtype) {
    throw new ShapeError(
      `operands differ in dtype: ${formatType(data)} and ${operand.name} ${formatType(type)}`,
    );
  }
}
