/** The processes of a run after the rendezvous. */
import type { Placement } from './placement.js';

/** A lost peer, and the reason. */
export interface PeerLoss {
  /** Rank of the lost process. */
  readonly rank: number;
  /** A full sentence, such as `rank 2 at 10.0.0.3 was lost: its connection was closed`. */
  readonly reason: string;
}

/** All processes of a run, connected to rank 0 until it ends. */
export interface World extends Placement {
  /** This process's address, as the others reach it. */
  readonly host: string;
  /** Milliseconds of silence after which a peer counts as lost. */
  readonly lossMs: number;
  /**
   * Gathers the `data` of all `members` (ascending ranks, including this one) under a key that no other
   * pending gathering of these members has. Resolves with their data in member order; rejects with CommError
   * if a process is lost. Has no timeout as long as all members are alive.
   */
  gather(key: string, members: readonly number[], data: Uint8Array): Promise<Uint8Array[]>;
  /** Calls `listener` once when a peer is lost, or immediately if one already is. */
  onLost(listener: (loss: PeerLoss) => void): void;
  /** Tells all others that this process ends and why; they treat it as lost with that reason. */
  fail(reason: string): Promise<void>;
  /** Leaves once all processes have called it; none of them counts as lost. */
  close(): Promise<void>;
}
