/**
 * The buffers of a step under PyTorch's rules, placed in one arena for comparison with a plan's memory map.
 */
import { formatType } from '@inplace-abn/tensor';
import { type Graph, valueInfo } from '../../ir/graph.js';
import { liveSums, place } from '../../passes/place.js';
import { peerBuffers } from '../peer.js';
import type { MemoryMap } from './memory-map.js';

/**
 * The memory map of `traced`, a step before any pass, if its layers were ordinary and ran under PyTorch's
 * rules. The offsets are ours, as close as we can place these buffers; PyTorch's allocator may need more.
 */
export function ordinaryMapOf(traced: Graph): MemoryMap {
  const { graph, buffers } = peerBuffers(traced);
  const { offsets, arenaBytes } = place(buffers);
  const sums = liveSums(buffers);
  const most = sums.reduce((largest, sum) => Math.max(largest, sum), 0);
  return {
    arenaBytes,
    instructions: graph.nodes.map(({ op, path }) => ({ op: op.name, path })),
    peak: { instruction: sums.indexOf(most), bytes: most },
    buffers: buffers.map(({ id, kind, node, bytes, start, end }, index) => ({
      name: `%${id} ${formatType(valueInfo(graph, id))}`,
      path: node.path,
      kind,
      offset: offsets[index] ?? 0,
      bytes,
      start,
      end,
    })),
  };
}
