import { UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { type NetworkOptions, RESNETS, ResNet } from './resnet.js';

type Factory = (options: NetworkOptions) => Module;

const factories: ReadonlyMap<string, Factory> = new Map(
  Object.entries(RESNETS).map(([name, structure]): [string, Factory] => [
    name,
    (options) => new ResNet(structure, options),
  ]),
);

/** Names that `createNetwork` knows: those of the configuration's `network.arch`. */
export const ARCHITECTURES: readonly string[] = [...factories.keys()];

/** Builds the network `arch`. Throws UsageError with the list of names for an unknown one. */
export function createNetwork(arch: string, options: NetworkOptions): Module {
  const factory = factories.get(arch);
  if (!factory)
    throw new UsageError(`unknown architecture ${arch}: expected one of ${ARCHITECTURES.join(', ')}`);
  return factory(options);
}
