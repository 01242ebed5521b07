/** The processes of a run as training and testing see them: a single one, or a process group. */
import { CommError, type GroupShape, type Processes } from '@inplace-abn/comm';
import type { DeviceMemory } from '@inplace-abn/core';

/** Every method is a collective: all processes must call it, in the same order. */
export interface Peers {
  /** Rank 0 reads checkpoints and writes files. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** The group over which ops of a compiled step communicate; null: this process alone. */
  readonly group: GroupShape | null;
  /** Aborts when a process is lost; the reason names it. */
  readonly lost: AbortSignal;
  /** Timeout in milliseconds: a process that is silent this long counts as lost. */
  readonly lossMs: number;
  /** Elementwise sum over all processes. */
  sum(values: Float64Array): Promise<Float64Array>;
  /** The values of all processes, by rank. Accepts anything that can be cloned. */
  gather<T>(value: T): Promise<T[]>;
  /** The value of rank 0; the values of others are ignored. */
  fromFirst<T>(value: T | null): Promise<T>;
  /** Broadcasts a block of device memory from rank 0. */
  memoryFromFirst(memory: DeviceMemory): Promise<void>;
  /** Broadcasts bytes from rank 0 into arrays of the same length. */
  bytesFromFirst(bytes: Uint8Array): Promise<Uint8Array>;
  /** Resolves when every process has called it. */
  barrier(): Promise<void>;
}

/** A single process. */
export const ALONE: Peers = {
  rank: 0,
  size: 1,
  group: null,
  lost: new AbortController().signal,
  lossMs: Number.POSITIVE_INFINITY,
  sum: async (values) => values,
  gather: async (value) => [value],
  fromFirst: async <T>(value: T | null) => value as T,
  memoryFromFirst: async () => {},
  bytesFromFirst: async (bytes) => bytes,
  barrier: async () => {},
};

/** The members of the world group; {@link ALONE} if there is none. */
export function peersOf(processes: Pick<Processes, 'group' | 'world'> | null): Peers {
  if (!processes || processes.group.size === 1) return ALONE;
  const { group, world } = processes;
  const lost = new AbortController();
  world.onLost(({ reason }) => lost.abort(new CommError(reason)));
  return {
    rank: group.rank,
    size: group.size,
    group: { name: group.name, size: group.size },
    lost: lost.signal,
    lossMs: world.lossMs,
    sum: (values) => group.allReduce(values),
    gather: (value) => group.gatherValues(value),
    fromFirst: (value) => group.broadcastValue(value),
    memoryFromFirst: (memory) => group.broadcastMemory(memory),
    bytesFromFirst: (bytes) => group.broadcastBytes(bytes),
    barrier: () => group.barrier(),
  };
}
