/**
 * Which buffers of a training step could be dropped after the forward pass, and the cost of recomputing them.
 */
import { operands, type ValueId } from '../ir/graph.js';
import { align } from '../passes/place.js';
import type { Draft } from '../plan/draft.js';
import type { Scheduled } from '../plan/schedule.js';
import { Sources } from './sources.js';

/** A buffer that could be dropped and recomputed. */
export interface Droppable {
  /** Index in the plan's buffers. */
  readonly buffer: number;
  /** Values in it that the backward pass reads. */
  readonly values: readonly ValueId[];
  /** All values ever stored in it. */
  readonly occupants: readonly ValueId[];
  /** Module path of their producer. */
  readonly path: string;
  readonly bytes: number;
  /** Last instruction of the forward pass that touches it. */
  readonly forwardEnd: number;
}

/** Cost of running an instruction a second time. */
export type Price = (step: Scheduled) => number;

/** A node of the forward pass. */
export interface ForwardStep {
  readonly price: number;
  readonly workspace: number;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

/** Facts about a plan without recompute, indexed by value and by instruction for fast queries. */
export interface Timeline {
  readonly plan: Draft;
  readonly droppable: readonly Droppable[];
  /** By value: index of its buffer in the plan, or -1. */
  readonly bufferOf: Int32Array;
  /** By value: 1 if it is unavailable to recompute even if nothing is dropped. */
  readonly lost: Uint8Array;
  /** By value: the first instruction of the backward pass that reads it, or Infinity. */
  readonly firstRead: Float64Array;
  /** In reverse order. */
  readonly forward: readonly ForwardStep[];
  /** Aligned bytes of each instruction's workspace. */
  readonly workspace: Float64Array;
  /** By buffer: its aligned bytes, and its first and last instruction. */
  readonly bytes: Float64Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
}

export function timelineOf(plan: Draft, price: Price): Timeline {
  const sources = new Sources(plan.graph);
  const values = 1 + Math.max(0, ...plan.graph.values.keys());
  const bufferOf = new Int32Array(values).fill(-1);
  plan.buffers.forEach((buffer, index) => {
    for (const id of buffer.values) bufferOf[id] = index;
  });
  const lost = new Uint8Array(values);
  for (const id of plan.graph.values.keys()) lost[id] = sources.holds(id, new Set()) ? 0 : 1;
  return {
    plan,
    droppable: droppableOf(plan, bufferOf, sources),
    bufferOf,
    lost,
    firstRead: firstBackwardReads(plan, values),
    forward: forwardSteps(plan, price),
    workspace: Float64Array.from(plan.instructions, ({ kernel }) => align(kernel.workspaceBytes)),
    bytes: Float64Array.from(plan.buffers, ({ bytes }) => align(bytes)),
    start: Int32Array.from(plan.buffers, ({ start }) => start),
    end: Int32Array.from(plan.buffers, ({ end }) => end),
  };
}

function forwardSteps({ instructions }: Draft, price: Price): ForwardStep[] {
  return instructions.toReversed().flatMap((step) => {
    const { node, kernel } = step;
    if (node.phase !== 'forward') return [];
    const workspace = align(kernel.workspaceBytes);
    return [{ price: price(step), workspace, inputs: operands(node), outputs: node.outputs }];
  });
}

function firstBackwardReads({ instructions }: Draft, values: number): Float64Array {
  const first = new Float64Array(values).fill(Number.POSITIVE_INFINITY);
  instructions.forEach(({ node }, at) => {
    if (node.phase !== 'backward') return;
    for (const id of operands(node)) first[id] = Math.min(first[id] ?? at, at);
  });
  return first;
}

function droppableOf({ buffers, instructions }: Draft, bufferOf: Int32Array, sources: Sources): Droppable[] {
  const forwardEnd = new Int32Array(buffers.length).fill(-1);
  const inBackward = new Set<number>();
  instructions.forEach(({ node }, at) => {
    for (const id of [...operands(node), ...node.outputs]) {
      const buffer = bufferOf[id] ?? -1;
      if (node.phase === 'backward') inBackward.add(buffer);
      else if (!inBackward.has(buffer)) forwardEnd[buffer] = at;
    }
  });
  return buffers.flatMap(({ kind, values: occupants, bytes, writer }, buffer) => {
    const values = occupants.filter((id) => sources.isSaved(id));
    if (kind !== 'activation' || values.length === 0) return [];
    if (!values.every((id) => sources.recomputable(id))) return [];
    const path = writer?.path ?? '';
    return [{ buffer, values, occupants, path, bytes, forwardEnd: forwardEnd[buffer] ?? 0 }];
  });
}
