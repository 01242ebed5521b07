/** Rank and world size of this process, as set by its launcher. */
export interface Placement {
  /** Rank, from 0 to size − 1. */
  readonly rank: number;
  /** World size: the number of processes. */
  readonly size: number;
  /** Rank among the processes of this machine. */
  readonly localRank: number;
}
