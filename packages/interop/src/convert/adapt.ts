/**
 * The one way from the tensors of a file to those of a network: names, then what `take` makes of them, then
 * batch norm.
 */
import type { TensorContent, TensorContents } from '@inplace-abn/checkpoint';
import { type Graph, trace } from '@inplace-abn/core';
import { type AnyModule, EVALUATION, type Module } from '@inplace-abn/nn';
import type { Library } from '../names/libraries.js';
import { ownNames } from '../names/names.js';
import type { StateTensor } from '../norms/scale-channels.js';
import { type Transfer, type TransferOptions, transferNorms } from '../norms/transfer.js';

/** Options of {@link adaptWeights}. */
export interface AdaptOptions extends TransferOptions {
  /** The network's tensors from those of the file under its names, or an error. */
  take(tensors: TensorContents): Map<string, StateTensor>;
}

/** Weights for a network, and whose names the file has. */
export interface Adapted extends Transfer {
  /** Whose names the file has. */
  readonly library: Library;
}

/**
 * A network's weights from the tensors of a file: under the names of another library too, and of the other
 * kind of batch norm. Other libraries' networks have ordinary batch norm unless `trained` says something
 * else.
 *
 * @throws UsageError and CheckpointError as {@link transferNorms} does, and what `take` throws
 */
export async function adaptWeights(
  network: AnyModule,
  tensors: TensorContents,
  { take, trained, ...options }: AdaptOptions,
): Promise<Adapted> {
  const { tensors: named, library, prefix } = ownNames<TensorContent>(network, tensors);
  const foreign = library !== 'upstream';
  const mode = trained ?? (foreign ? 'standard' : undefined);
  const transfer = await transferNorms(network, take(named), { ...options, trained: mode });
  const notes = [
    ...(prefix ? [`${options.source}: names are read without ${prefix}`] : []),
    ...(foreign ? [`${options.source} has the names of ${library}`] : []),
    ...transfer.notes,
  ];
  return { ...transfer, notes, library };
}

/** Small enough to trace at once, large enough for every network of images. */
const SIDE = 64;

/** A prediction of a network of RGB images, to see how its layers are connected. */
export function imagesGraph(network: Module): Graph {
  return trace((tracer) => {
    return { output: network.call(tracer.input('images', [1, 3, SIDE, SIDE], 'float32'), EVALUATION) };
  });
}
