/** A plan as the report's memory map. */
import { bytesPerElement, channels, formatType, type Plan, valueInfo } from '@inplace-abn/core';
import type { MapBuffer, MemoryMap } from '../report/types.js';

export function memoryMapOf(plan: Plan): MemoryMap {
  return {
    arenaBytes: plan.arenaBytes,
    instructions: plan.instructions.map(({ node }) => ({ op: node.op.name, path: node.path })),
    peak: plan.peak,
    buffers: plan.buffers.map((buffer): MapBuffer => {
      const [first, ...rest] = buffer.values.map((id) => nameOf(plan, id));
      const { kind, offset, bytes, start, end, writer } = buffer;
      const name =
        first ??
        `${kind === 'constant' ? 'weights laid out' : 'workspace'} of ${writer?.op.name ?? 'the host'}`;
      return { name, path: writer?.path ?? 'host', kind, offset, bytes, start, end, inPlace: rest };
    }),
  };
}

/** `%7 float32[16,64,56,56]`, and which channels it has of a wider value. */
function nameOf(plan: Plan, id: number): string {
  const info = valueInfo(plan.graph, id);
  const region = plan.regions.get(id);
  const name = `%${id} ${formatType(info)}`;
  if (!region || region.pitch === region.width) return name;
  const begin = region.offset / bytesPerElement(info.dtype);
  return `${name} in channels ${begin} to ${begin + channels(info.shape)}`;
}
