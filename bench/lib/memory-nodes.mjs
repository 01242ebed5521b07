// @ts-check
// How much of a step's memory could be near the threads that use it, on a machine with several memory nodes.

import { byteLength, valueInfo } from '@inplace-abn/core';

/** Granularity of placement in bytes: far more than a page, far less than an operand that matters. */
const CELL = 2 ** 16;

/**
 * Share of the accessed bytes that lie on the accessing thread's node if each cell is on the node that uses
 * it most: an upper bound for every placement that does not move bytes. Placing cells on all nodes in turn
 * reaches 1/nodes.
 *
 * Threads divide every operand in the order of its addresses; those of the first node take the first part.
 *
 * @param {readonly { offset: number, bytes: number }[]} accesses  in the arena
 * @param {number} nodes
 */
export function nearShare(accesses, nodes) {
  /** Bytes by cell and node. @type {Map<number, number[]>} */
  const cells = new Map();
  let all = 0;
  for (const { offset, bytes } of accesses) {
    for (let node = 0; node < nodes; node++) {
      const end = offset + (bytes * (node + 1)) / nodes;
      let at = offset + (bytes * node) / nodes;
      while (at < end) {
        const cell = Math.floor(at / CELL);
        const next = Math.min(end, (cell + 1) * CELL);
        const used = cells.get(cell) ?? Array.from({ length: nodes }, () => 0);
        used[node] = (used[node] ?? 0) + next - at;
        cells.set(cell, used);
        all += next - at;
        at = next;
      }
    }
  }
  let near = 0;
  for (const used of cells.values()) near += Math.max(...used);
  return all === 0 ? 1 : near / all;
}

/**
 * Images and their gradients that instructions read and write in the arena of a plan: tensors of `batch`
 * images.
 * @param {import('@inplace-abn/core').Plan} plan
 * @param {number} batch
 */
export function accessesOf({ instructions, offsets, graph }, batch) {
  return instructions.flatMap(({ node }) =>
    [...node.inputs, ...node.outputs].flatMap((id) => {
      const offset = id === null ? undefined : offsets.get(id);
      if (id === null || offset === undefined) return [];
      const type = valueInfo(graph, id);
      return type.shape[0] === batch && type.shape.length === 4 ? [{ offset, bytes: byteLength(type) }] : [];
    }),
  );
}
