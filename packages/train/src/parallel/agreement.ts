/** Checks before the first step that all processes are about to run the same step on the same images. */
import { createHash } from 'node:crypto';
import { CommError } from '@inplace-abn/comm';
import { collectivesOf, type Graph } from '@inplace-abn/core';
import type { Peers } from './peers.js';

/** The data sets, identified so that an index means the same image everywhere. */
export interface AgreedData {
  /** Number of training images. */
  readonly trainImages: number;
  /** Number of validation images. */
  readonly valImages: number;
  /** Digest of the training file names in order. With equal digests an index refers to the same image. */
  readonly trainDigest: string;
  /** Digest of the validation file names in order. */
  readonly valDigest: string;
}

/**
 * Compares named facts that must be the same on all processes. A collective.
 *
 * @throws {CommError} on every process, naming the first fact that differs from rank 0, with both values; if
 * a peer is lost
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
 * Compares the collectives of the step, in order, and the images. If they differed, processes would wait for
 * each other forever, or train on images with the wrong labels. A collective.
 *
 * @throws {CommError} as {@link checkSame}
 */
export function checkSameStep(peers: Peers, graph: Graph, data: AgreedData): Promise<void> {
  const collectives = collectivesOf(graph);
  const exchanges = `${collectives.length} (${digestOf(collectives)})`;
  return checkSame(peers, { ...imagesOf(data), 'exchanges of the training step': exchanges });
}

/**
 * Compares only the images, for an evaluation, which has no training step. A collective.
 *
 * @throws {CommError} as {@link checkSame}
 */
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

/** A short digest of ordered lines. */
export function digestOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
