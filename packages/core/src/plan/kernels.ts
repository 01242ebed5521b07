/** Prepares kernels for the nodes of a plan. */
import type { KernelSpec, OperandSpec } from '../devices/device.js';
import type { Prepare } from './schedule.js';

/** Memoizes `prepare` by specification: deep networks repeat layers, and a step is planned more than once. */
export function preparedOnce(prepare: Prepare): Prepare {
  const known = new Map<string, ReturnType<Prepare>>();
  return (spec) => {
    const key = keyOf(spec);
    const kernel = known.get(key) ?? prepare(spec);
    known.set(key, kernel);
    return kernel;
  };
}

function keyOf({ op, attrs, inputs, outputs, constants }: KernelSpec): string {
  return JSON.stringify([op, attrs, inputs.map(typeOf), outputs.map(typeOf), constants]);
}

function typeOf(operand: OperandSpec | null): unknown {
  return operand && [operand.dtype, operand.shape, operand.pitch];
}
