/** What a process knows of the others once all have met. */
import type { Placement } from './placement.js';

/** A peer that can no longer take part, and what is known of it. */
export interface PeerLoss {
  readonly rank: number;
  /** A whole sentence: `rank 2 at 10.0.0.3 was lost: its connection was closed`. */
  readonly reason: string;
}

/** All processes of a run, connected to rank 0 for as long as the run lasts. */
export interface World extends Placement {
  /** This process's address, as the others reach it. */
  readonly host: string;
  /** Milliseconds of silence after which a peer counts as lost. */
  readonly lossMs: number;
  /**
   * Gathers `data` of all `members` (ranks, ascending, this one among them) under a key that each use makes its own: what
   * they gave, in the order of `members`. Rejects with CommError when a member is lost or the time is up.
   */
  gather(key: string, members: readonly number[], data: Uint8Array): Promise<Uint8Array[]>;
  /** Calls `listener` once when a peer is lost, at once if one already is. */
  onLost(listener: (loss: PeerLoss) => void): void;
  /** Tells all others that this process ends, and why: they lose it with that reason. */
  fail(reason: string): Promise<void>;
  /** Leaves when all have come to this point; no peer counts as lost for it. */
  close(): Promise<void>;
}
