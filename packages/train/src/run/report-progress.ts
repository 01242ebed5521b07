import type { Peers } from '../parallel/peers.js';
import { Progress, type ProgressStream } from '../progress/progress.js';

/** Rank 0 prints; other ranks stay silent, because they would print the same. */
export function progressOf(
  { printFreq, stream }: { readonly printFreq: number; readonly stream?: ProgressStream },
  { rank }: Pick<Peers, 'rank'>,
): Progress {
  return new Progress({ printFreq, stream: rank === 0 ? stream : NOWHERE });
}

const NOWHERE: ProgressStream = { write: () => {} };
