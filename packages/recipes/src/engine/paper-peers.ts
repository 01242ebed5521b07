import { ALONE, type Peers } from '@inplace-abn/train';

/**
 * Peers for planning the steps of one process among `size`, without the others. The steps contain
 * collectives. If run, they send nothing, because the group has this process alone.
 */
export function peersOnPaper(size: number): Peers {
  return size > 1 ? { ...ALONE, size, group: { name: '', size } } : ALONE;
}
