/** Before the first step: all processes are about to do the same, with the same images. */
import { createHash } from 'node:crypto';
import { CommError } from '@inplace-abn/comm';
import { collectivesOf, type Graph } from '@inplace-abn/core';
import type { Peers } from './peers.js';

/** Meaning of an index into the data sets. */
export interface AgreedData {
  readonly trainImages: number;
  readonly valImages: number;
  /** Of the names of the training files in their order: with the same one an index means the same image. */
  readonly trainDigest: string;
  readonly valDigest: string;
}

/**
 * Compares facts that must be the same on all processes, by what each is called. All processes call it.
 *
 * @throws {CommError} on every process, naming the first that differs from rank 0, and in what
 */
export async function checkSame(peers: Peers, own: Readonly<Record<string, string>>): Promise<void> {
  if (peers.size === 1) return;
  const [first = own, ...others] = await peers.gather(own);
  others.forEach((other, index) => {
    for (const key of Object.keys(own)) {
      if (other[key] === first[key]) continue;
      throw new CommError(
        `the ${key} differ: rank ${index + 1} has ${other[key]}, rank 0 has ${first[key]}: ` +
          'start all processes with the same data, configuration and version',
      );
    }
  });
}

/**
 * Compares what would otherwise make processes wait for each other forever, or train on images under the labels of others: the
 * collectives of the step, in their order, and the images. All processes call it.
 *
 * @throws {CommError} as {@link checkSame}
 */
export function checkSameStep(peers: Peers, graph: Graph, data: AgreedData): Promise<void> {
  const collectives = collectivesOf(graph);
  const exchanges = `${collectives.length} (${digestOf(collectives)})`;
  return checkSame(peers, { ...imagesOf(data), 'exchanges of the training step': exchanges });
}

/** Compares the images alone: of an evaluation, which has no training step. */
export function checkSameImages(peers: Peers, data: AgreedData): Promise<void> {
  return checkSame(peers, imagesOf(data));
}

function imagesOf({ trainImages, trainDigest, valImages, valDigest }: AgreedData): Record<string, string> {
  return {
    'training images': String(trainImages),
    'validation images': String(valImages),
    'names of the training images': trainDigest,
    'names of the validation images': valDigest,
  };
}

/** A short digest of lines in their order. */
export function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
