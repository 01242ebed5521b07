/** The weights of a network as a file, and back. */
import { openStateDict, takeStateDict, writeSafetensors } from '@inplace-abn/checkpoint';
import type { Graph, Store } from '@inplace-abn/core';
import { type Adapted, adaptWeights, type NormMode, normsOf, recordedNorms } from '@inplace-abn/interop';
import type { AnyModule } from '@inplace-abn/nn';
import { averagesIn } from './averages.js';
import { checkFile } from './kinds.js';
import { statesIn } from './states.js';

/** Options of loading weights into a session. */
export interface LoadOptions {
  /** The batch norm that the weights were trained with, for a file that does not record it. */
  readonly trainedWith?: NormMode;
}

/** Writes parameters and buffers as safetensors, with the kind of batch norm in the metadata. */
export async function writeWeights(
  path: string,
  store: Store,
  module: AnyModule,
  { averaged }: { readonly averaged: boolean },
): Promise<void> {
  checkFile('save', path);
  const mode = normsOf(module);
  const metadata: Readonly<Record<string, string>> = mode ? { bn_mode: mode } : {};
  const tensors = averaged ? averagesIn(store) : statesIn(store, 'parameter', 'buffer');
  await writeSafetensors(path, tensors, { metadata });
}

/**
 * Reads parameters and buffers of a network: all of them, or an error that names each difference.
 *
 * @param graph traces a prediction
 */
export async function readWeights(
  path: string,
  module: AnyModule,
  graph: () => Graph,
  { trainedWith }: LoadOptions,
): Promise<Adapted> {
  checkFile('load', path);
  const { tensors, rest } = await openStateDict(path);
  const specs = new Map(module.namedStates().map((state) => [state.name, state]));
  return adaptWeights(module, tensors, {
    take: (named) => takeStateDict(specs, named, path, { convert: true }),
    trained: recordedNorms((key) => rest.get(key)) ?? trainedWith,
    graph,
    source: path,
  });
}
