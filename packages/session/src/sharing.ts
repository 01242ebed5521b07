/** Sessions that train together, each on its part of a batch. */
import { createHash } from 'node:crypto';
import { CommError, type GroupShape } from '@inplace-abn/comm';
import { collectivesOf, type DeviceMemory, type Graph } from '@inplace-abn/core';
import type { TypedArray } from '@inplace-abn/tensor';
import { partSize } from './arrays.js';

/** The interface that a session needs of a process group; `ProcessGroup` of @inplace-abn/comm has it. */
export interface SessionGroup extends GroupShape {
  readonly rank: number;
  /** The value of every process, by rank. */
  gatherValues<T>(value: T): Promise<T[]>;
  /** Overwrites device memory with that of rank 0. */
  broadcastMemory(memory: DeviceMemory): Promise<void>;
}

/** A step as the others must be about to make it. */
interface Announcement {
  readonly samples: number;
  readonly exchanges: string;
  /** Whether it has not been given the states of rank 0. */
  readonly fresh: boolean;
}

/** The parts of one batch, by rank. */
export class Shares {
  constructor(
    private readonly samples: readonly number[],
    private readonly rank = 0,
    /** Whether the states of rank 0 are due. */
    readonly fresh = false,
  ) {}

  /** Samples of all processes. */
  get total(): number {
    return this.samples.reduce((sum, own) => sum + own, 0);
  }

  /** The part of this process. */
  get own(): number {
    return (this.samples[this.rank] ?? 0) / this.total;
  }

  /** Those of one part of a batch that each process divides. */
  part(index: number, parts: number): Shares {
    return new Shares(
      this.samples.map((own) => partSize(own, parts, index)),
      this.rank,
    );
  }

  /** The mean over all samples of what each process says of its own; of int32 counts, the share of the samples. */
  mean(values: TypedArray | undefined): number {
    const counted = values instanceof Int32Array;
    // Exchanged values are padded.
    const stride = (values?.length ?? 0) / this.samples.length;
    return this.samples.reduce((sum, samples, rank) => {
      const value = Number(values?.[rank * stride]);
      return sum + (counted ? value / this.total : value * (samples / this.total));
    }, 0);
  }
}

/**
 * Tells the others of a group what this process is about to do, and hears it of them. Every process calls it.
 *
 * @throws CommError, on all of them, where they would exchange different things and wait for each other forever
 */
export async function agreed(
  group: SessionGroup,
  graph: Graph,
  { samples, fresh }: { readonly samples: number; readonly fresh: boolean },
): Promise<Shares> {
  const own: Announcement = { samples, fresh, exchanges: digestOf(graph) };
  const all = await group.gatherValues(own);
  all.forEach(({ exchanges }, rank) => {
    if (exchanges === all[0]?.exchanges) return;
    throw new CommError(
      `the steps of rank 0 and rank ${rank} differ in what they exchange: train the same network, with the same options, on both`,
    );
  });
  return new Shares(
    all.map((each) => each.samples),
    group.rank,
    all.some((each) => each.fresh),
  );
}

const digests = new WeakMap<Graph, string>();

function digestOf(graph: Graph): string {
  const known = digests.get(graph);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(collectivesOf(graph).join('\n')).digest('hex').slice(0, 16);
  digests.set(graph, digest);
  return digest;
}

/** Far from the seeds of the steps to come: random draws are of each process's own. */
export const RANK_SEED = 0x9e3779b1;
