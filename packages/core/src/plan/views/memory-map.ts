/** Every buffer of a plan with its offset and lifetime, as data for drawing a memory timeline. */
import { bytesPerElement, channels, formatType } from '@inplace-abn/tensor';
import { valueInfo } from '../../ir/graph.js';
import type { BufferKind } from '../draft.js';
import type { Plan } from '../plan.js';

/** One buffer of the arena. */
export interface MapBuffer {
  /** Id and type of its first value, or the op whose workspace or laid-out weights it holds. */
  readonly name: string;
  /** Module path of its layer. */
  readonly path: string;
  /** Kind of memory, as in the plan's bytes. */
  readonly kind: BufferKind;
  /** Bytes from the start of the arena. */
  readonly offset: number;
  /** Size of the buffer. */
  readonly bytes: number;
  /** Index of the first instruction that writes it. */
  readonly start: number;
  /** Index of the last instruction that uses it. */
  readonly end: number;
  /** Further values in the buffer: written over an earlier one, or into other channels of a wider one. */
  readonly inPlace?: readonly string[];
}

/** The offset and lifetime of every buffer of a training step. */
export interface MemoryMap {
  /** Size of the arena. */
  readonly arenaBytes: number;
  /** Instructions of the step, in order. */
  readonly instructions: readonly {
    /** Name of the op. */
    readonly op: string;
    /** Module path of its layer. */
    readonly path: string;
  }[];
  /** Where most memory is in use. */
  readonly peak: {
    /** Index of the instruction. */
    readonly instruction: number;
    /** Bytes that are live there. */
    readonly bytes: number;
  };
  /** Every buffer of the arena. */
  readonly buffers: readonly MapBuffer[];
}

/** The memory map of a plan. */
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

/** `%7 float32[16,64,56,56]`, plus the channel range if it lies in a wider value. */
function nameOf(plan: Plan, id: number): string {
  const info = valueInfo(plan.graph, id);
  const region = plan.regions.get(id);
  const name = `%${id} ${formatType(info)}`;
  if (!region || region.pitch === region.width) return name;
  const begin = region.offset / bytesPerElement(info.dtype);
  return `${name} in channels ${begin} to ${begin + channels(info.shape)}`;
}
