/**
 * The plan: the offset and lifetime of every buffer of a step, known before anything runs. The program
 * allocates exactly this much.
 */
import type { OutputTypes, ValueId, WithOutputs } from '../ir/graph.js';
import type { Region } from '../passes/region.js';
import type { Draft, DraftBuffer } from './draft.js';
import { placementOf } from './placement.js';
import type { Scheduled } from './schedule.js';

/** A buffer with its offset in the arena, in bytes. */
export interface Buffer extends DraftBuffer {
  /** Bytes from the start of the arena. */
  readonly offset: number;
}

/** An instruction with the offsets of its scratch memory. */
export interface PlannedInstruction extends Scheduled {
  /** Offset of the workspace in the arena; null if the kernel needs none. */
  readonly workspace: number | null;
  /** Offset of the kernel's layout in the arena; null if it has none. */
  readonly layout: number | null;
}

/** A draft with a place for every buffer: what a program loads. */
export interface Plan<O extends OutputTypes = OutputTypes> extends Draft, WithOutputs<O> {
  /** Instructions in the order in which they run. */
  readonly instructions: readonly PlannedInstruction[];
  /** Every buffer of the arena, kernel workspaces included. */
  readonly buffers: readonly Buffer[];
  /** Value → offset in the arena; excludes states. */
  readonly offsets: ReadonlyMap<ValueId, number>;
  /** Size of the arena. */
  readonly arenaBytes: number;
}

/** Assigns an offset to every buffer. */
export function placePlan(draft: Draft): Plan {
  const { offsets, arenaBytes } = placementOf(draft.buffers);
  const buffers = draft.buffers.map((buffer, index): Buffer => ({ ...buffer, offset: offsets[index] ?? 0 }));
  const workspaceAt = new Map(buffers.filter((b) => b.kind === 'workspace').map((b) => [b.start, b.offset]));
  const layoutOf = new Map(buffers.filter(isLayout).map((b) => [b.writer, b.offset]));
  return {
    ...draft,
    instructions: draft.instructions.map((step, index) => ({
      ...step,
      workspace: workspaceAt.get(index) ?? null,
      layout: layoutOf.get(step.node) ?? null,
    })),
    buffers,
    offsets: offsetsOf(buffers, draft.regions),
    arenaBytes,
  };
}

function offsetsOf(buffers: readonly Buffer[], regions: ReadonlyMap<ValueId, Region>): Map<ValueId, number> {
  return new Map(
    buffers.flatMap(({ values, offset }) =>
      values.map((id) => [id, offset + (regions.get(id)?.offset ?? 0)] as const),
    ),
  );
}

function isLayout({ kind, values }: DraftBuffer): boolean {
  return kind === 'constant' && values.length === 0;
}
