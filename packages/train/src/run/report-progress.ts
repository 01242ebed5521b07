import type { Peers } from '../parallel/peers.js';
import { Progress, type ProgressStream } from '../progress/progress.js';

/** What rank 0 prints; the others say nothing, which would be the same. */
export function progressOf(
  { printFreq, stream }: { readonly printFreq: number; readonly stream?: ProgressStream },
  { rank }: Pick<Peers, 'rank'>,
): Progress {
  return new Progress({ printFreq, stream: rank === 0 ? stream : NOWHERE });
}

const NOWHERE: ProgressStream = { write: () => {} };
