/** Runs the same network here and in onnxruntime. */
import { isHostTensor } from '@inplace-abn/checkpoint';
import {
  compile,
  cpu,
  elements,
  type Graph,
  type HostTensor,
  Programs,
  type Shape,
  statesOf,
  type TypedArray,
  trace,
  type Value,
  valueInfo,
} from '@inplace-abn/core';
import { EVALUATION, type Module } from '@inplace-abn/nn';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { normal } from '../../../core/test/support/prng.js';
import { encodeOnnx, type OnnxModel, type TrainedNetwork } from '../../src/index.js';
import { drawn as drawnStates, relativeError } from './networks.js';

/**
 * A module with random weights, statistics, and scales of both signs, so that an omitted one shows. Scales
 * are small: with larger ones, values grow from block to block until rounding alone flips gates.
 */
export function drawn<M extends Module>(module: M): TrainedNetwork & { readonly module: M } {
  const state = new Map<string, HostTensor>();
  for (const [name, tensor] of drawnStates(module)) if (isHostTensor(tensor)) state.set(name, tensor);
  for (const { name, role } of module.namedStates()) {
    const tensor = state.get(name);
    if (role !== 'scale' || !(tensor?.data instanceof Float32Array)) continue;
    state.set(name, { ...tensor, dtype: 'float32', data: tensor.data.map((scale) => scale / 2) });
  }
  return { module, state };
}

/** Fixed images N×C×H×W, row-major. */
export function images(shape: Shape): Float32Array {
  return normal('images', shape);
}

/** Converts ONNX's order to storage order, channels last. */
export function channelsLast(data: Float32Array, shape: Shape): Float32Array {
  const [n = 1, c = 1, ...space] = shape;
  const area = elements(space);
  const moved = new Float32Array(data.length);
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      for (let place = 0; place < area; place++) {
        moved[(image * area + place) * c + channel] = data[(image * c + channel) * area + place] ?? 0;
      }
    }
  }
  return moved;
}

function evaluation(module: Module, shape: Shape): Graph {
  return trace((tracer) => {
    const output: Value = module.call(tracer.input('input', shape, 'float32'), EVALUATION);
    return { output };
  });
}

/** This project's output of the network for `x`, and its shape. */
export async function computedHere(
  { module, state }: TrainedNetwork,
  x: Float32Array,
  shape: Shape,
): Promise<{ data: Float32Array; shape: Shape }> {
  const graph = evaluation(module, shape);
  const device = cpu();
  const programs = new Programs(device, statesOf(graph));
  for (const { name } of graph.states) {
    const tensor = state.get(name);
    if (tensor) programs.store.write(name, tensor.data as TypedArray);
  }
  const program = programs.program(compile(graph, device));
  const { outputs } = await program.run({ input: channelsLast(x, shape) });
  return {
    data: outputs.output as Float32Array,
    shape: valueInfo(graph, graph.outputs.get('output') ?? -1).shape,
  };
}

/** A model loaded by onnxruntime, which checks it first. */
export function loaded(model: OnnxModel | string): Promise<InferenceSession> {
  const options = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(encodeOnnx(model), options);
}

/** The output of onnxruntime for `x`, in storage order. */
export async function computedThere(
  session: InferenceSession,
  x: Float32Array,
  shape: Shape,
): Promise<{ data: Float32Array; shape: Shape }> {
  const { output } = await session.run({ input: new Tensor('float32', x, [...shape]) });
  if (!output) throw new Error('the model has no output of that name');
  return { data: channelsLast(output.data as Float32Array, output.dims), shape: output.dims };
}

/**
 * For each shape, the largest relative difference between our outputs and onnxruntime's; Infinity if output
 * shapes differ.
 */
export async function differences(
  network: TrainedNetwork,
  model: OnnxModel,
  shapes: readonly Shape[],
): Promise<number[]> {
  const session = await loaded(model);
  const found: number[] = [];
  for (const shape of shapes) {
    const x = images(shape);
    const [here, there] = [await computedHere(network, x, shape), await computedThere(session, x, shape)];
    const same = `${here.shape}` === `${there.shape}`;
    found.push(same ? relativeError(there.data, here.data) : Number.POSITIVE_INFINITY);
  }
  return found;
}
