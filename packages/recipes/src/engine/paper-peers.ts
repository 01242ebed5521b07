import { ALONE, type Peers } from '@inplace-abn/train';

/**
 * The peers of one process among `size`, none of which is there: its steps have the collectives, which send
 * nothing where they run, in a group of this process alone.
 */
export function peersOnPaper(size: number): Peers {
  return size > 1 ? { ...ALONE, size, group: { name: '', size } } : ALONE;
}
