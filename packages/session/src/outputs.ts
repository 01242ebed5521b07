/** Converts the outputs of a step to tensors. */
import {
  type Graph,
  type HostTensor,
  hasNonFinite,
  type TypedArray,
  UsageError,
  valueInfo,
} from '@inplace-abn/core';
import type { Per, Signals } from '@inplace-abn/nn';
import type { StepArrays } from './arrays.js';
import { unnamedAs } from './signals.js';

/** An output of a network: elements in storage order, channels-last. */
export type FloatTensor = HostTensor<'float32'>;

/** The outputs of the network among those of a step. */
export function outputOf<Out extends Signals>(graph: Graph, outputs: StepArrays): Per<Out, FloatTensor> {
  const own = [...outputs].filter(([name]) => name === 'output' || name.startsWith('output.'));
  const tensors = own.map(([name, data]): [string, FloatTensor] => [name, tensorOf(graph, name, data)]);
  return unnamedAs<Out, FloatTensor>('output', new Map(tensors));
}

/** One output of a step. */
export function tensorOf(graph: Graph, name: string, data: TypedArray | undefined): FloatTensor {
  const { shape, dtype } = valueInfo(graph, graph.outputs.get(name) ?? -1);
  if (data instanceof Float32Array) return { shape, dtype: 'float32', data };
  throw new UsageError(`${name} is ${dtype}: a network returns float32`, { code: 'ERR_DTYPE' });
}

/** Whether all numbers of float32 data are finite. */
export function allFinite(data: TypedArray): boolean {
  return !hasNonFinite(data, 'float32');
}
