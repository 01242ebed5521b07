/** The processes of a run, as training and testing need them: one alone, or a process group. */
import { CommError, type GroupShape, type Processes } from '@inplace-abn/comm';
import type { DeviceMemory } from '@inplace-abn/core';

/** Every method is a collective: all processes call it, in the same order. */
export interface Peers {
  /** 0: the one that reads checkpoints and writes files. */
  readonly rank: number;
  readonly size: number;
  /** What the ops of a compiled step run over; null: this process alone. */
  readonly group: GroupShape | null;
  /** Aborts when a process is lost, with the error that says which. */
  readonly lost: AbortSignal;
  /** Milliseconds of silence after which a process counts as lost: for so long the others wait for one. */
  readonly lossMs: number;
  /** Σ over the processes, element by element. */
  sum(values: Float64Array): Promise<Float64Array>;
  /** The value of every process, by rank: whatever can be cloned. */
  gather<T>(value: T): Promise<T[]>;
  /** The value of rank 0; the others' is not looked at. */
  fromFirst<T>(value: T | null): Promise<T>;
  /** Overwrites a block of device memory with that of rank 0. */
  memoryFromFirst(memory: DeviceMemory): Promise<void>;
  /** Overwrites arrays, as long on all processes, with those of rank 0. */
  bytesFromFirst(bytes: Uint8Array): Promise<Uint8Array>;
  barrier(): Promise<void>;
}

/** One process. */
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

/** The members of the world group; {@link ALONE} where there is none. */
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
