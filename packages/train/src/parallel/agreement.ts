/** Before the first step: all processes are about to make the same one. */
import { createHash } from 'node:crypto';
import { CommError } from '@inplace-abn/comm';
import { collectivesOf, type Graph } from '@inplace-abn/core';
import type { RunData } from '../run/data.js';
import type { Peers } from './peers.js';

/**
 * Compares what would otherwise make processes wait for each other for ever: the collectives of the step, in their order,
 * and how many images there are. All processes call it.
 *
 * @throws {CommError} on every process, naming the first that differs from rank 0, and in what
 */
export async function checkSameStep(
  peers: Peers,
  graph: Graph,
  { trainImages, valImages }: Pick<RunData, 'trainImages' | 'valImages'>,
): Promise<void> {
  const collectives = collectivesOf(graph);
  const digest = createHash('sha256').update(collectives.join('\n')).digest('hex').slice(0, 16);
  const own = {
    'training images': String(trainImages),
    'validation images': String(valImages),
    'exchanges of the training step': `${collectives.length} (${digest})`,
  };
  const [first = own, ...others] = await peers.gather(own);
  others.forEach((other, index) => {
    for (const key of Object.keys(own) as (keyof typeof own)[]) {
      if (other[key] === first[key]) continue;
      throw new CommError(
        `the ${key} differ: rank ${index + 1} has ${other[key]}, rank 0 has ${first[key]}: ` +
          'start all processes with the same data, configuration and version',
      );
    }
  });
}
