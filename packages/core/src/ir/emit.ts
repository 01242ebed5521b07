/**
 * Adds nodes for op functions to the tracer of their operands. Imports the tracer as a type only, so that op
 * definitions do not depend on modules that depend on them.
 */
import { UsageError } from '../errors.js';
import type { Attributes, OpDefinition } from './define.js';
import type { EmitOptions } from './tracer.js';
import type { Value } from './value.js';

/**
 * Emits a node with one output on the tracer of the first present input.
 *
 * @throws ShapeError if the op does not accept the operands
 * @throws UsageError if all inputs are null, or if they belong to different traces (code ERR_OTHER_TRACE)
 */
export function emit<A extends Attributes>(
  op: OpDefinition<A>,
  inputs: readonly (Value | null)[],
  attrs: NoInfer<A>,
  options: EmitOptions = {},
): Value {
  return outputAt(emitAll(op, inputs, attrs, options), 0);
}

/** Like {@link emit}, for ops with several outputs or none: returns the outputs in order. */
export function emitAll<A extends Attributes>(
  op: OpDefinition<A>,
  inputs: readonly (Value | null)[],
  attrs: NoInfer<A>,
  options: EmitOptions = {},
): Value[] {
  const first = inputs.find((input) => input !== null);
  if (!first) throw new UsageError(`op ${op.name} has no input to take its trace from`);
  return first.tracer.emit(op, inputs, attrs, options);
}

/** Output `index` of an emitted node. An index out of range is a bug in the caller. */
export function outputAt(outputs: readonly Value[], index: number): Value {
  const output = outputs[index];
  if (!output) throw new RangeError(`the op has ${outputs.length} outputs, none at ${index}`);
  return output;
}
