/** A plan before buffer placement: lifetimes, and with them the largest sum of live bytes. */

import { byteLength } from '@inplace-abn/tensor';
import type { Graph, GraphNode, ValueId, ValueKind } from '../ir/graph.js';
import { valueInfo } from '../ir/graph.js';
import type { AliasDecision, Aliases } from '../passes/alias.js';
import { align, type Lifetime, liveSums } from '../passes/place.js';
import type { RebuildDecision } from '../passes/rebuild.js';
import type { Region } from '../passes/region.js';
import type { SliceDecision } from '../passes/slices.js';
import type { StripDecision } from '../strips/choose.js';
import { type Prepare, readsOf, type Schedule, type Scheduled, scheduleOf, writesOf } from './schedule.js';

/** `constant`: computed from the states, or their layout for a kernel, and kept between runs. */
export type BufferKind = 'activation' | 'gradient' | 'input' | 'constant' | 'workspace';

/** A buffer that has not been placed yet. */
export interface DraftBuffer extends Lifetime {
  /** Category that its bytes count in. */
  readonly kind: BufferKind;
  /** Values stored in it, one after another or next to each other; none for a workspace. */
  readonly values: readonly ValueId[];
  /** First node that writes it; null if the host passes it in. */
  readonly writer: GraphNode | null;
}

/** Bytes of a plan by category, at its peak. */
export interface PlanBytes {
  /** Parameters and buffers. */
  readonly weights: number;
  /** Gradients of parameters. */
  readonly gradients: number;
  /** Optimizer state. */
  readonly optimizer: number;
  /** Activations and their gradients. */
  readonly activations: number;
  /** Inputs of the step, such as images. */
  readonly inputs: number;
  /** Constants kept between runs of an evaluation. */
  readonly constants: number;
  /** Scratch memory of kernels. */
  readonly workspace: number;
}

/** A plan without offsets. */
export interface Draft {
  /** The step after all passes, nodes in the order in which they run. */
  readonly graph: Graph;
  readonly instructions: readonly Scheduled[];
  /** Number of leading instructions that run only when the states or the arena have changed. */
  readonly prologue: number;
  readonly buffers: readonly DraftBuffer[];
  /** Value → its region in the owner's buffer. */
  readonly regions: ReadonlyMap<ValueId, Region>;
  /** Value → state value whose memory it takes. */
  readonly inState: ReadonlyMap<ValueId, ValueId>;
  /** Where most memory is in use. */
  readonly peak: {
    /** Index of the instruction. */
    readonly instruction: number;
    /** Largest sum of live bytes: no arena can be smaller. */
    readonly bytes: number;
  };
  /** Sum of live bytes at every instruction. */
  readonly live: readonly number[];
  /** Bytes by kind at the peak; weights and optimizer are those of the store. */
  readonly bytes: PlanBytes;
  /** Whether each value that the backward pass reads is kept, absorbed, inverted or recomputed. */
  readonly rebuilds: readonly RebuildDecision[];
  /** Outputs that may overwrite an input: whether they do, or why not. */
  readonly aliases: readonly AliasDecision[];
  /** Joined and cut channels: which are strided views of the wider value, which are copied, and why. */
  readonly slices: readonly SliceDecision[];
  /** Segments of the graph that run in strips of rows. */
  readonly strips: readonly StripDecision[];
}

export interface DraftOptions {
  readonly rebuilds: readonly RebuildDecision[];
  readonly strips?: readonly StripDecision[];
  /** Keep the kernels' layouts of constant operands between runs; default true. */
  readonly keepLayouts?: boolean;
}

/** Schedules an ordered graph and derives the lifetime of every buffer from the regions of its values. */
export function draftPlan(
  graph: Graph,
  prepare: Prepare,
  aliases: Aliases,
  { rebuilds, strips = [], keepLayouts = true }: DraftOptions,
): Draft {
  const schedule = scheduleOf(graph, prepare, aliases.regions, keepLayouts);
  const buffers = [...valueBuffers(graph, schedule, aliases), ...layouts(schedule), ...workspaces(schedule)];
  const live = liveSums(buffers);
  const peak = live.reduce((best, bytes, at) => (bytes > best.bytes ? { instruction: at, bytes } : best), {
    instruction: 0,
    bytes: 0,
  });
  return {
    graph,
    instructions: schedule.steps,
    prologue: schedule.prologue,
    buffers,
    regions: aliases.regions,
    inState: valuesInStates(graph, aliases),
    peak,
    live,
    bytes: { ...bytesAt(buffers, peak.instruction), ...storeBytes(graph) },
    rebuilds,
    aliases: aliases.decisions,
    slices: aliases.slices,
    strips,
  };
}

/**
 * One buffer per owner, live from the first write to the last read of any of its values. Constants are live
 * throughout.
 */
function valueBuffers(
  graph: Graph,
  { steps, prologue, constants }: Schedule,
  aliases: Aliases,
): DraftBuffer[] {
  const last = Math.max(0, steps.length - 1);
  const classes = new Map<
    ValueId,
    { values: ValueId[]; writer: GraphNode | null; start: number; end: number }
  >();
  const touch = (id: ValueId, position: number, writer: GraphNode | null, writes: boolean): void => {
    const owner = aliases.regions.get(id)?.owner ?? id;
    if (valueInfo(graph, owner).kind === 'state') return;
    const known = classes.get(owner);
    if (!known) classes.set(owner, { values: [id], writer, start: position, end: position });
    else {
      known.end = Math.max(known.end, position);
      if (writes) known.values.push(id);
    }
  };
  for (const id of graph.inputs.values()) touch(id, 0, null, true);
  steps.forEach((step, position) => {
    for (const id of readsOf(step)) touch(id, position, null, false);
    for (const id of writesOf(step)) touch(id, position, step.node, true);
  });
  for (const id of graph.outputs.values()) touch(id, last, null, false);
  return [...classes].map(([owner, { values, writer, start, end }]) => {
    const info = valueInfo(graph, owner);
    const common = { bytes: byteLength(info), values, writer };
    if (!constants.has(owner)) return { kind: bufferKind(info.kind), ...common, start, end };
    const kept = end >= prologue;
    return { kind: 'constant', ...common, start: kept ? 0 : start, end: kept ? last : end };
  });
}

function bufferKind(kind: ValueKind): BufferKind {
  return kind === 'state' ? 'activation' : kind;
}

function layouts({ steps }: Schedule): DraftBuffer[] {
  return steps.flatMap(({ node, kernel: { layout }, part }): DraftBuffer[] => {
    if (part !== 'layout' || layout === null) return [];
    const end = steps.length - 1;
    return [{ kind: 'constant', bytes: layout.bytes, values: [], writer: node, start: 0, end }];
  });
}

function workspaces({ steps }: Schedule): DraftBuffer[] {
  return steps.flatMap(({ node, kernel: { workspaceBytes: bytes } }, position): DraftBuffer[] => {
    return bytes > 0
      ? [{ kind: 'workspace', bytes, values: [], writer: node, start: position, end: position }]
      : [];
  });
}

function valuesInStates(graph: Graph, aliases: Aliases): Map<ValueId, ValueId> {
  const result = new Map<ValueId, ValueId>();
  for (const [id, { owner }] of aliases.regions)
    if (valueInfo(graph, owner).kind === 'state') result.set(id, owner);
  return result;
}

/** Live bytes by kind at one instruction. */
function bytesAt(
  buffers: readonly DraftBuffer[],
  instruction: number,
): Pick<PlanBytes, 'gradients' | 'activations' | 'inputs' | 'constants' | 'workspace'> {
  const sum = (kind: BufferKind): number =>
    buffers
      .filter((buffer) => buffer.kind === kind && buffer.start <= instruction && instruction <= buffer.end)
      .reduce((total, buffer) => total + align(buffer.bytes), 0);
  return {
    gradients: sum('gradient'),
    activations: sum('activation'),
    inputs: sum('input'),
    constants: sum('constant'),
    workspace: sum('workspace'),
  };
}

/** Bytes in the store: weights (parameters and buffers) and optimizer state. */
function storeBytes(graph: Graph): Pick<PlanBytes, 'weights' | 'optimizer'> {
  const sum = (optimizer: boolean): number =>
    graph.states
      .filter((state) => (state.kind === 'optimizer') === optimizer)
      .reduce((total, state) => total + align(byteLength(valueInfo(graph, state.value))), 0);
  return { weights: sum(false), optimizer: sum(true) };
}
