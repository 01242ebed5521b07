/** Sums over the members of a group if each process holds several. */
import { elements } from '@inplace-abn/tensor';
import type { Collective } from '../ir/define.js';
import type { Value } from '../ir/value.js';
import { allGather } from './all_gather.js';
import { pack } from './pack.js';
import { treeSum } from './tree_sum.js';
import { unpack } from './unpack.js';

/**
 * The sum over all members, in a balanced tree over their ranks: first over those of this process, then over
 * the processes. Each process holds a subtree, so the bits do not depend on how many members a process holds.
 */
export const HELD_SUM: Collective = {
  together(own, _, { name, size }) {
    const packed = pack(own);
    const held = own.length === 1 ? packed : treeSum(packed, own.length);
    const flat = size === 1 ? held : treeSum(allGather(held, name, size), size);
    const [first] = own;
    const [sum = flat] =
      first && elements(first.shape) !== elements(flat.shape) ? unpack(flat, [first.shape]) : [];
    return sum;
  },
};

/** For ops that wait for such a sum. Every member already has the same value, so nothing is emitted. */
export const HELD_RESULT: Collective = {
  together([first]: readonly Value[]) {
    if (first) return first;
    throw new RangeError('a process holds no member');
  },
};
