/** Which process this is among how many: what a launcher tells it. */
export interface Placement {
  /** 0 … size − 1. */
  readonly rank: number;
  /** World size: the number of processes. */
  readonly size: number;
  /** Among the processes of this machine. */
  readonly localRank: number;
}
