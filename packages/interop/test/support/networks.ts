import { readContent } from '@inplace-abn/checkpoint';
import { compile, cpu, type Graph, Programs, type Shape, statesOf, trace } from '@inplace-abn/core';
import {
  ABN,
  type AnyModule,
  EVALUATION,
  InPlaceABN,
  type Module,
  type NormAct,
  type StateDefinition,
} from '@inplace-abn/nn';
import { normal, uniform } from '../../../core/test/support/prng.js';
import type { StateTensor, StateTensors } from '../../src/index.js';

/** Layers of both kinds with leaky ReLU, which both support. */
export const LEAKY: Readonly<Record<'standard' | 'inplace', NormAct>> = {
  standard: (channels, options = {}) => new ABN(channels, options),
  inplace: (channels, options = {}) => new InPlaceABN(channels, options),
};

/** The graph of a prediction: input x, output y. */
export function predictionOf(network: Module, shape: Shape): Graph {
  return trace((tracer) => ({ y: network.call(tracer.input('x', shape, 'float32'), EVALUATION) }));
}

/**
 * Weights like those of a trained network, drawn from the number streams of their names: scales of both signs
 * for `signed` layers, statistics away from 0 and 1. tools/oracle/make_weights.py draws the same.
 */
export function drawn(
  network: AnyModule,
  { names, signed = () => true }: DrawOptions = {},
): Map<string, StateTensor> {
  return new Map(
    network.namedStates().map(({ name, shape, dtype, role }): [string, StateTensor] => {
      if (dtype !== 'float32') return [name, { dtype: 'int64', shape, data: new BigInt64Array(1) }];
      return [name, { dtype, shape, data: drawnAs(role, names?.get(name) ?? name, shape, signed(name)) }];
    }),
  );
}

export interface DrawOptions {
  /** Stream name for each state name; default: the same. */
  readonly names?: ReadonlyMap<string, string>;
  /** Whether a scale has both signs; default: all. */
  readonly signed?: (name: string) => boolean;
}

function drawnAs(role: StateDefinition['role'], stream: string, shape: Shape, signed: boolean): Float32Array {
  if (role === 'one') return uniform(stream, shape, 0.5, 1.5);
  if (role === 'scale') {
    const sizes = uniform(stream, shape, -1, 1);
    return sizes.map((value) => (value < 0 && signed ? value - 0.5 : Math.abs(value) + 0.5));
  }
  const fanIn = shape.slice(1).reduce((product, side) => product * side, 1);
  return normal(stream, shape, 0, shape.length > 1 ? Math.sqrt(2 / fanIn) : 0.2);
}

/** The output of a network for fixed images. */
export async function outputOf(network: Module, shape: Shape, tensors: StateTensors): Promise<Float32Array> {
  const graph = predictionOf(network, shape);
  const programs = new Programs(cpu(), statesOf(graph));
  for (const { name } of programs.store.specs) {
    const tensor = tensors.get(name);
    const read = tensor && (await readContent(name, tensor));
    if (read?.data instanceof Float32Array) programs.store.write(name, read.data);
  }
  const program = programs.program(compile(graph, cpu()));
  const { outputs } = await program.run({ x: channelsLast(normal('x', shape), shape) });
  if (outputs.y instanceof Float32Array) return outputs.y;
  throw new TypeError('expected float32');
}

/** Converts N×C×H×W to storage order. */
function channelsLast(data: Float32Array, [images = 1, channels = 1, ...sides]: Shape): Float32Array {
  const pixels = sides.reduce((product, side) => product * side, 1);
  const moved = new Float32Array(images * channels * pixels);
  for (let i = 0; i < moved.length; i++) {
    const [image, pixel, channel] = [
      Math.floor(i / channels / pixels),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    moved[i] = data[(image * channels + channel) * pixels + pixel] ?? Number.NaN;
  }
  return moved;
}

/** The largest difference, relative to the largest value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN))), 0) /
    largest
  );
}
