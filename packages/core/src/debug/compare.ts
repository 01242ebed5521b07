/**
 * The last level of the debug ladder: runs a step instruction by instruction, repeats each on the reference
 * device with the same operands, and stops at the first difference.
 *
 * The tolerance comes from the instruction itself: how far its exact result moves if its operands change by
 * about their rounding. A sum that cancels may differ by a lot, a plain copy by no more than its operand;
 * integers must be equal.
 */

import { type DType, elements, isDataDType, type TypedArray, toFloat64 } from '@inplace-abn/tensor';
import type { ReferenceTensor } from '../ir/define.js';
import { type GraphNode, valueInfo } from '../ir/graph.js';
import type { Plan, PlannedInstruction } from '../plan/plan.js';
import { operandsOf } from '../plan/schedule.js';
import { referenceContext } from '../reference/evaluate.js';

/** The parts of Program needed to run it instruction by instruction. */
interface Stepped<Inputs> extends Peeked {
  feed(inputs: Inputs): Promise<unknown>;
  step(index: number): Promise<unknown>;
}

interface Peeked {
  readonly plan: Plan;
  /** The elements of a value. */
  peek(id: number): TypedArray;
}

/**
 * Runs `program` once and returns its outputs. Throws at the first instruction that disagrees with the
 * reference device.
 */
export async function runCompared<Inputs>(
  program: Stepped<Inputs>,
  inputs: Inputs,
): Promise<Record<string, TypedArray>> {
  await program.feed(inputs);
  const laidOut = new Map<GraphNode, (ReferenceTensor | null)[]>();
  for (const [index, instruction] of program.plan.instructions.entries()) {
    // Read before the step, because the kernel may overwrite its operands.
    const read = operandsOf(instruction).map((id) => (id === null ? null : peek(program, id)));
    await program.step(index);
    if (instruction.part === 'layout') laidOut.set(instruction.node, read);
    else {
      const kept = laidOut.get(instruction.node);
      const operands = read.map((operand, i) => operand ?? kept?.[i] ?? null);
      compare(program, index, instruction, operands);
    }
  }
  const outputs = [...program.plan.graph.outputs];
  return Object.fromEntries(outputs.map(([name, id]) => [name, program.peek(id)]));
}

function peek(program: Peeked, id: number): ReferenceTensor {
  const { shape, dtype } = valueInfo(program.plan.graph, id);
  return { shape, dtype, data: toFloat64(dtype, program.peek(id)) };
}

function compare(
  program: Peeked,
  index: number,
  { node, kernel }: PlannedInstruction,
  operands: readonly (ReferenceTensor | null)[],
): void {
  const actual = node.outputs.map((id) => peek(program, id));
  const precision = coarsest([...operands, ...actual]);
  const expected = evaluate(node, operands, actual);
  const moved = [precision, -precision].map((size) => evaluate(node, operands.map(nudged(size)), actual));
  actual.forEach((tensor, output) => {
    const wanted = expected[output] ?? new Float64Array();
    const changes = moved.map((list) => list[output] ?? wanted);
    const worst = worstElement(tensor, wanted, allowance(tensor.dtype, wanted, changes, precision));
    if (!worst) return;
    throw new Error(
      `instruction ${index}, ${node.op.name} at ${node.path || '(top)'} (${kernel.implementation}), ` +
        `differs from the reference device: the largest difference of output ${output} is ${worst.difference} ` +
        `at element ${worst.at}: ${worst.got} instead of ${worst.wanted}, at most ${worst.allowed} is rounding`,
    );
  });
}

function evaluate(
  node: GraphNode,
  inputs: readonly (ReferenceTensor | null)[],
  like: readonly ReferenceTensor[],
): Float64Array[] {
  const outputs = like.map((tensor) => ({ ...tensor, data: new Float64Array(elements(tensor.shape)) }));
  node.op.reference(referenceContext(node.attrs, inputs, outputs));
  return outputs.map(({ data }) => data);
}

/** Relative perturbation well above the rounding of the coarsest dtype involved. */
function coarsest(tensors: readonly (ReferenceTensor | null)[]): number {
  const has = (dtype: DType) => tensors.some((tensor) => tensor?.dtype === dtype);
  if (has('bfloat16')) return 2 ** -6;
  return has('float16') ? 2 ** -9 : 2 ** -17;
}

/** Perturbs floats by a relative `size`, in a pattern of signs that no tensor stride matches. */
function nudged(size: number): (tensor: ReferenceTensor | null) => ReferenceTensor | null {
  return (tensor) => {
    if (!tensor || !isDataDType(tensor.dtype)) return tensor;
    const data = tensor.data.map(
      (value, i) => value * (1 + (Math.imul(i + 1, 0x9e3779b9) < 0 ? -size : size)),
    );
    return { ...tensor, data };
  };
}

/** Tolerance of each element; zero for integers. */
function allowance(
  dtype: DType,
  wanted: Float64Array,
  moved: readonly Float64Array[],
  precision: number,
): Float64Array {
  if (!isDataDType(dtype)) return new Float64Array(wanted.length);
  const change = wanted.map((value, i) =>
    Math.max(0, ...moved.map((list) => Math.abs((list[i] ?? value) - value)).filter(Number.isFinite)),
  );
  const typical = Math.sqrt(
    change.reduce((sum, value) => sum + value * value, 0) / Math.max(1, change.length),
  );
  return wanted.map((value, i) => 2 * (change[i] ?? 0) + typical + precision * Math.abs(value));
}

interface Difference {
  readonly at: number;
  readonly got: number;
  readonly wanted: number;
  readonly difference: number;
  readonly allowed: number;
}

/** The largest difference beyond the tolerance; null if all elements agree. */
function worstElement(
  { data }: ReferenceTensor,
  wanted: Float64Array,
  allowed: Float64Array,
): Difference | null {
  let worst: Difference | null = null;
  for (const [at, got] of data.entries()) {
    const value = wanted[at] ?? Number.NaN;
    const limit = allowed[at] ?? 0;
    const difference = Math.abs(got - value);
    if (difference <= limit || got === value || (Number.isNaN(got) && Number.isNaN(value))) continue;
    // NaN on one side only is the worst possible difference.
    if (worst && !Number.isNaN(difference) && !(difference > worst.difference)) continue;
    worst = { at, got, wanted: value, difference, allowed: limit };
    if (Number.isNaN(difference)) break;
  }
  return worst;
}
