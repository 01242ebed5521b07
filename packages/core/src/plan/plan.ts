/**
 * The plan: every buffer of a step with its offset and lifetime, before anything runs. The program reserves
 * exactly this.
 */
import type { KernelSpec, OperandSpec, PreparedKernel } from '../devices/device.js';
import { bytesPerElement } from '../dtype.js';
import type { Graph, GraphNode, ValueId, ValueKind } from '../graph/graph.js';
import { valueInfo } from '../graph/graph.js';
import type { AliasDecision, Aliases } from '../passes/alias.js';
import { align, type Lifetime, liveSums, place } from '../passes/place.js';
import type { RebuildDecision } from '../passes/rebuild.js';
import { isPitched, type Region } from '../passes/region.js';
import type { SliceDecision } from '../passes/slices.js';
import { byteLength } from '../shape.js';

export type BufferKind = 'activation' | 'gradient' | 'input' | 'workspace';

export interface Buffer extends Lifetime {
  readonly kind: BufferKind;
  /** Values that live in it, one after the other or side by side; none for a workspace. */
  readonly values: readonly ValueId[];
  /** Node that first writes it; null for what the host hands in. */
  readonly writer: GraphNode | null;
  readonly offset: number;
}

export interface PlannedInstruction {
  readonly node: GraphNode;
  readonly kernel: PreparedKernel;
  /** Offset of its workspace in the arena; null when it needs none. */
  readonly workspace: number | null;
}

export interface PlanBytes {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  /** Activations with their gradients. */
  readonly activations: number;
  readonly inputs: number;
  readonly workspace: number;
}

export interface Plan {
  readonly graph: Graph;
  readonly instructions: readonly PlannedInstruction[];
  readonly buffers: readonly Buffer[];
  /** Value → offset in the arena; states are not in it. */
  readonly offsets: ReadonlyMap<ValueId, number>;
  /** Value → where it lies in its owner's buffer. */
  readonly regions: ReadonlyMap<ValueId, Region>;
  /** Value → state value whose memory it takes. */
  readonly inState: ReadonlyMap<ValueId, ValueId>;
  readonly arenaBytes: number;
  /** Largest sum of live bytes, where it is, and the sum at every instruction. */
  readonly peak: { readonly instruction: number; readonly bytes: number };
  readonly live: readonly number[];
  /** By kind at the peak; weights and optimizer are what the store holds. */
  readonly bytes: PlanBytes;
  readonly rebuilds: readonly RebuildDecision[];
  readonly aliases: readonly AliasDecision[];
  /** Joined and cut channels: which lie in the wider value, which are copied and why. */
  readonly slices: readonly SliceDecision[];
}

/** Prepares a kernel for every node; `prepare` is the device's. */
export type Prepare = (spec: KernelSpec) => PreparedKernel;

export function specOf(graph: Graph, node: GraphNode, { regions }: Pick<Aliases, 'regions'>): KernelSpec {
  const operand = (id: ValueId): OperandSpec => {
    const info = valueInfo(graph, id);
    const region = regions.get(id);
    if (!region || !isPitched(region)) return info;
    return { ...info, pitch: region.pitch / bytesPerElement(info.dtype) };
  };
  return {
    op: node.op,
    attrs: node.attrs,
    inputs: node.inputs.map((id) => (id === null ? null : operand(id))),
    outputs: node.outputs.map(operand),
  };
}

export function makePlan(
  graph: Graph,
  prepare: Prepare,
  aliases: Aliases,
  rebuilds: readonly RebuildDecision[],
): Plan {
  const kernels = graph.nodes.map((node) => prepare(specOf(graph, node, aliases)));
  const unplaced = [...valueBuffers(graph, aliases), ...workspaces(graph, kernels)];
  const placement = place(unplaced);
  const buffers = unplaced.map(
    (buffer, index): Buffer => ({ ...buffer, offset: placement.offsets[index] ?? 0 }),
  );
  const live = liveSums(buffers);
  const peak = live.reduce((best, bytes, at) => (bytes > best.bytes ? { instruction: at, bytes } : best), {
    instruction: 0,
    bytes: 0,
  });
  const workspaceAt = new Map(buffers.filter((b) => b.kind === 'workspace').map((b) => [b.start, b.offset]));
  return {
    graph,
    instructions: graph.nodes.map((node, index) => ({
      node,
      kernel: kernels[index] as PreparedKernel,
      workspace: workspaceAt.get(index) ?? null,
    })),
    buffers,
    offsets: offsetsOf(buffers, aliases),
    regions: aliases.regions,
    inState: valuesInStates(graph, aliases),
    arenaBytes: placement.arenaBytes,
    peak,
    live,
    bytes: { ...bytesAt(buffers, peak.instruction), ...storeBytes(graph) },
    rebuilds,
    aliases: aliases.decisions,
    slices: aliases.slices,
  };
}

function offsetsOf(buffers: readonly Buffer[], { regions }: Aliases): Map<ValueId, number> {
  return new Map(
    buffers.flatMap(({ values, offset }) =>
      values.map((id) => [id, offset + (regions.get(id)?.offset ?? 0)] as const),
    ),
  );
}

type Unplaced = Omit<Buffer, 'offset'>;

/** One buffer per owner, alive from the first write to any part of it to the last read of any part. */
function valueBuffers(graph: Graph, aliases: Aliases): Unplaced[] {
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
  graph.nodes.forEach((node, position) => {
    for (const id of node.inputs) if (id !== null) touch(id, position, null, false);
    for (const id of node.outputs) touch(id, position, node, true);
  });
  for (const id of graph.outputs.values()) touch(id, graph.nodes.length - 1, null, false);
  return [...classes].map(([owner, { values, writer, start, end }]) => {
    const info = valueInfo(graph, owner);
    return { kind: bufferKind(info.kind), bytes: byteLength(info), values, writer, start, end };
  });
}

function bufferKind(kind: ValueKind): BufferKind {
  return kind === 'state' ? 'activation' : kind;
}

function workspaces(graph: Graph, kernels: readonly PreparedKernel[]): Unplaced[] {
  return graph.nodes.flatMap((node, position): Unplaced[] => {
    const bytes = kernels[position]?.workspaceBytes ?? 0;
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
export function bytesAt(
  buffers: readonly Buffer[],
  instruction: number,
): Pick<PlanBytes, 'gradients' | 'activations' | 'inputs' | 'workspace'> {
  const sum = (kind: BufferKind): number =>
    buffers
      .filter((buffer) => buffer.kind === kind && buffer.start <= instruction && instruction <= buffer.end)
      .reduce((total, buffer) => total + align(buffer.bytes), 0);
  return {
    gradients: sum('gradient'),
    activations: sum('activation'),
    inputs: sum('input'),
    workspace: sum('workspace'),
  };
}

function storeBytes(graph: Graph): Pick<PlanBytes, 'weights' | 'optimizer'> {
  const sum = (optimizer: boolean): number =>
    graph.states
      .filter((state) => (state.kind === 'optimizer') === optimizer)
      .reduce((total, state) => total + align(byteLength(valueInfo(graph, state.value))), 0);
  return { weights: sum(false), optimizer: sum(true) };
}
