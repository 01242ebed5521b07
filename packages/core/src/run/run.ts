/** Compiles a function of values and runs it once, for experiments. */

import type { DType, Shape, TypedArray } from '@inplace-abn/tensor';
import { type OutputsOf, trace } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import type { OutputArrays } from '../program/program.js';
import { type ProgramOptions, programOf } from '../program/program-of.js';

/** An input tensor of {@link run}. */
export interface RunInput {
  /** Logical shape N×C×S1×…. */
  readonly shape: Shape;
  /** Element type. Default float32. */
  readonly dtype?: DType;
  /** Elements in storage order: channels-last for images and activations. */
  readonly data: TypedArray;
}

/** Symbolic values with the dtypes of the inputs. */
export type InputValues<I extends Readonly<Record<string, RunInput>>> = {
  [K in keyof I]: I[K] extends {
    /** Element type that the input names. */
    readonly dtype: infer D extends DType;
  }
    ? Value<D>
    : 'dtype' extends keyof I[K]
      ? Value
      : Value<'float32'>;
};

/**
 * Traces `fn` over inputs of the given shapes, compiles it and runs it once. The result has the typed array
 * of each output's dtype.
 *
 *     const { z } = await run(({ x }) => ({ z: activation(x, { activation: 'elu', slope: 1 }) }),
 *                             { x: { shape: [2, 3], data: new Float32Array(6) } });
 *
 * @throws UsageError for data of another dtype or length than the input's, and as {@link programOf} does
 * @throws ShapeError if an op refuses its operands
 * @throws NotFiniteError if a guard stops the run
 */
export async function run<I extends Record<string, RunInput>, R extends Readonly<Record<string, Value>>>(
  fn: (values: InputValues<I>) => R,
  inputs: I,
  options: Omit<ProgramOptions, 'store' | 'states'> = {},
): Promise<OutputArrays<OutputsOf<R>>> {
  const graph = trace((tracer) => {
    const values = Object.entries(inputs).map(([name, input]) => [
      name,
      tracer.input(name, input.shape, input.dtype ?? 'float32'),
    ]);
    return fn(Object.fromEntries(values) as InputValues<I>);
  });
  const arrays = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.data]));
  const { outputs } = await programOf(graph, options).run(arrays);
  return outputs;
}
