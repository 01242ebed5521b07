import { type Shape, trace } from '@inplace-abn/core';
import { EVALUATION, InPlaceABN, type Module, type NormAct, type Sequential } from '@inplace-abn/nn';
import { type AnyNetworkOptions, createNetwork, type Network } from '../../src/index.js';

export const normAct: NormAct = (channels, options = {}) => new InPlaceABN(channels, options);

export function network(arch: string, options: Partial<AnyNetworkOptions> = {}): Network {
  return createNetwork(arch, { normAct, classes: 1000, ...options });
}

export function stateShapes(module: Module): Map<string, Shape> {
  return new Map(module.namedStates().map(({ name, shape }) => [name, shape]));
}

/** Output shapes of all modules by name, for one image of `side` pixels. */
export function outputShapes(net: Sequential, side: number): Record<string, Shape> {
  const shapes: Record<string, Shape> = {};
  trace((tracer) => {
    const outputs = net.outputs(tracer.input('x', [1, 3, side, side], 'float32'), EVALUATION);
    for (const [name, { shape }] of outputs) shapes[name] = shape;
    return Object.fromEntries(outputs);
  });
  return shapes;
}
