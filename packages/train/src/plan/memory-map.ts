/** A plan as the report's memory map. */
import { formatType, type Plan, valueInfo } from '@inplace-abn/core';
import type { MapBuffer, MemoryMap } from '../report/types.js';

export function memoryMapOf(plan: Plan): MemoryMap {
  return {
    arenaBytes: plan.arenaBytes,
    instructions: plan.instructions.map(({ node }) => ({ op: node.op, path: node.path })),
    peak: plan.peak,
    buffers: plan.buffers.map((buffer): MapBuffer => {
      const [first, ...rest] = buffer.values.map((id) => `%${id} ${formatType(valueInfo(plan.graph, id))}`);
      const { kind, offset, bytes, start, end, writer } = buffer;
      const name =
        first ?? `${kind === 'constant' ? 'weights laid out' : 'workspace'} of ${writer?.op ?? 'the host'}`;
      return { name, path: writer?.path ?? 'host', kind, offset, bytes, start, end, inPlace: rest };
    }),
  };
}
