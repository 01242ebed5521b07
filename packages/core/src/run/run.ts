/** Compiles a function of values and runs it once, for experiments. */

import type { DType, Shape, TypedArray } from '@inplace-abn/tensor';
import { type CompileOptions, compile } from '../compile/compile.js';
import type { Device } from '../devices/device.js';
import { trace } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import { cpu } from '../native/cpu.js';
import { Programs } from '../program/programs.js';
import { statesOf } from '../program/store.js';

export interface RunInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** Elements in storage order: channels-last for images and activations. */
  readonly data: TypedArray;
}

/**
 * Traces `fn` over inputs of the given shapes, compiles it and runs it once.
 *
 *     const { z } = await run(({ x }) => ({ z: activation(x, { activation: 'elu', slope: 1 }) }),
 *                             { x: { shape: [2, 3], data: new Float32Array(6) } });
 */
export async function run<I extends Record<string, RunInput>>(
  fn: (values: { [K in keyof I]: Value }) => Readonly<Record<string, Value>>,
  inputs: I,
  options: CompileOptions & { readonly device?: Device } = {},
): Promise<Record<string, TypedArray>> {
  const device = options.device ?? cpu();
  const graph = trace((tracer) => {
    const values = Object.entries(inputs).map(([name, input]) => [
      name,
      tracer.input(name, input.shape, input.dtype ?? 'float32'),
    ]);
    return fn(Object.fromEntries(values) as { [K in keyof I]: Value });
  });
  const plan = compile(graph, device, options);
  const program = new Programs(device, statesOf(graph)).program(plan);
  const arrays = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.data]));
  const { outputs } = await program.run(arrays);
  return outputs;
}
