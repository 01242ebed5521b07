/**
 * Decides which values share memory. Joined and cut channels become strided views of the wider value
 * (slices.ts). Otherwise an output overwrites an input if its op allows it and no veto applies: in-place
 * follows from liveness, so models need not ask for it. Values may overlap partly, so vetoes compare regions.
 * Every decision is recorded with its reason. (After ggml, which logs each reuse and each refusal.)
 */

import { byteLength, sameShape } from '@inplace-abn/tensor';
import { constantsOf } from '../ir/constants.js';
import type { Overwrite } from '../ir/define.js';
import { type Graph, type GraphNode, operands, readersOf, type ValueId, valueInfo } from '../ir/graph.js';
import { append } from '../ir/lists.js';
import { nodeAt } from '../ir/text.js';
import { flatRegion, isPitched, overlap, ownRegion, type Region, sliceRegion } from './region.js';
import { type SliceDecision, SliceRules } from './slices.js';

/** Whether a node's output overwrites an operand, or why it does not. */
export interface AliasDecision {
  /** The writing node. */
  readonly node: GraphNode;
  /** Its result. */
  readonly output: ValueId;
  /** The operand that it may overwrite. */
  readonly input: ValueId;
  /** Why the output does not overwrite the input; null if it does. */
  readonly veto: string | null;
}

export interface Aliases {
  /** The region of each value. */
  readonly regions: ReadonlyMap<ValueId, Region>;
  readonly decisions: readonly AliasDecision[];
  readonly slices: readonly SliceDecision[];
}

interface AliasContext {
  readonly graph: Graph;
  readonly constants: ReadonlySet<ValueId>;
  /** Outputs of the program. */
  readonly fetched: ReadonlySet<ValueId>;
  readonly rules: SliceRules;
  readonly regions: Map<ValueId, Region>;
  /** By owner: the values written to its buffer so far. */
  readonly occupants: Map<ValueId, ValueId[]>;
  /** Results of joins and the values in them. Their regions are decided first. */
  readonly joined: ReadonlySet<ValueId>;
  readonly lastRead: ReadonlyMap<ValueId, LastRead>;
  readonly position: number;
  readonly node: GraphNode;
}

interface LastRead {
  readonly position: number;
  readonly node: GraphNode;
}

interface Proposal {
  readonly input: ValueId;
  readonly output: ValueId;
  readonly overwrite: Overwrite;
}

type Veto = (context: AliasContext, proposal: Proposal) => string | null;

const vetoes: readonly Veto[] = [
  ({ graph, regions }, { input }) => {
    const { kind } = valueInfo(graph, regions.get(input)?.owner ?? input);
    if (kind === 'state') return 'it is a state that outlives the step';
    return kind === 'input' ? 'it is an input from the host' : null;
  },
  ({ constants }, { input, output }) =>
    constants.has(input) && !constants.has(output) ? 'it is kept between runs' : null,
  (context, { input }) =>
    sharing(context, input).some((id) => context.fetched.has(id)) ? 'it is an output of the program' : null,
  ({ graph }, { input, output }) =>
    byteLength(valueInfo(graph, input)) === byteLength(valueInfo(graph, output))
      ? null
      : 'it differs in size',
  ({ graph }, { input, output }) =>
    valueInfo(graph, input).dtype === valueInfo(graph, output).dtype ? null : 'it differs in dtype',
  (context, { input }) => {
    for (const id of sharing(context, input)) {
      const last = context.lastRead.get(id);
      if (last && last.position > context.position) return `it is still read by ${nodeAt(last.node)}`;
    }
    return null;
  },
  ({ node, regions }, { input }) =>
    operands(node).filter((id) => regionsOverlap(regions, id, input)).length > 1
      ? 'another operand of the node shares its memory'
      : null,
  ({ node, regions }, { input }) =>
    node.outputs.some((id) => regionsOverlap(regions, id, input)) ? 'another output took its memory' : null,
  ({ graph, node, regions, rules }, { input, output, overwrite }) => {
    const region = regions.get(input);
    if (!region || !isPitched(region)) return null;
    const [from, to] = [valueInfo(graph, input), valueInfo(graph, output)];
    if (!sameShape(from.shape, to.shape) || from.dtype !== to.dtype) {
      return 'it lies in a wider value and differs in shape';
    }
    const reason = node.op.outputs[overwrite.output]?.pitched
      ? rules.denseReader(output)
      : `${node.op.name} writes dense rows`;
    return reason && `it lies in a wider value, and ${reason}`;
  },
  ({ joined }, { output }) => (joined.has(output) ? 'its output has a place in a join' : null),
];

/** Values written so far whose regions overlap that of `value`. */
function sharing(
  { regions, occupants }: Pick<AliasContext, 'regions' | 'occupants'>,
  value: ValueId,
): ValueId[] {
  const owner = regions.get(value)?.owner ?? value;
  return (occupants.get(owner) ?? []).filter((id) => regionsOverlap(regions, id, value));
}

function regionsOverlap(regions: ReadonlyMap<ValueId, Region>, a: ValueId, b: ValueId): boolean {
  const [first, second] = [regions.get(a), regions.get(b)];
  return first !== undefined && second !== undefined && overlap(first, second);
}

/** `enabled: false` is the kill switch: only states are updated in place. */
export function alias(graph: Graph, enabled = true): Aliases {
  const rules = new SliceRules(graph, enabled);
  const joins = rules.joins();
  const regions = joinedRegions(graph, joins);
  const state = {
    graph,
    constants: constantsOf(graph),
    fetched: new Set(graph.outputs.values()),
    rules,
    regions,
    occupants: new Map<ValueId, ValueId[]>(),
    joined: new Set(regions.keys()),
    lastRead: lastReads(graph),
  };
  const slices = [...joins];
  const decisions: AliasDecision[] = [];
  for (const id of [...graph.inputs.values(), ...graph.states.map((info) => info.value)]) own(state, id);
  graph.nodes.forEach((node, position) => {
    slices.push(...cut(state, node));
    const context: AliasContext = { ...state, position, node };
    for (const overwrite of node.op.overwrites) {
      const decision = decide(context, overwrite, enabled);
      if (!decision) continue;
      decisions.push(decision);
      const region = regions.get(decision.input);
      if (!decision.veto && region) regions.set(decision.output, region);
    }
    for (const id of node.outputs) own(state, id);
  });
  return { regions, decisions, slices };
}

/** Regions of values joined in place and of the results that contain them. */
function joinedRegions(graph: Graph, joins: readonly SliceDecision[]): Map<ValueId, Region> {
  const regions = new Map<ValueId, Region>();
  // Later joins first: the result of one may lie in the result of another.
  for (const { value, whole, begin, veto } of [...joins].reverse()) {
    if (veto) continue;
    const around = regions.get(whole) ?? ownRegion(whole, valueInfo(graph, whole));
    regions.set(whole, around);
    regions.set(value, sliceRegion(around, begin, valueInfo(graph, value)));
  }
  return regions;
}

/** Assigns the results of a cut their regions in its operand. */
function cut(
  { graph, rules, regions }: Pick<AliasContext, 'graph' | 'rules' | 'regions'>,
  node: GraphNode,
): SliceDecision[] {
  const decisions = rules.cuts(node, (id) => regions.has(id));
  for (const { value, whole, begin, flat, veto } of decisions) {
    const around = regions.get(whole);
    const region = flat ? flatRegion : sliceRegion;
    if (!veto && around) regions.set(value, region(around, begin, valueInfo(graph, value)));
  }
  return decisions;
}

/** Records that `id` is written, into its own buffer unless it already has a region. */
function own(
  { graph, regions, occupants }: Pick<AliasContext, 'graph' | 'regions' | 'occupants'>,
  id: ValueId,
): void {
  const region = regions.get(id) ?? ownRegion(id, valueInfo(graph, id));
  regions.set(id, region);
  append(occupants, region.owner, id);
}

function decide(context: AliasContext, overwrite: Overwrite, enabled: boolean): AliasDecision | null {
  const { node, regions, joined } = context;
  const input = node.inputs[overwrite.input];
  const output = node.outputs[overwrite.output];
  if (input === null || input === undefined || output === undefined) return null;
  if (regions.has(output) && !joined.has(output)) return null;
  if (overwrite.required) {
    const last = context.lastRead.get(input);
    if (last && last.position > context.position) {
      throw new Error(
        `${node.op.name} at ${node.path} overwrites a state before ${last.node.op.name} at ${last.node.path} reads it`,
      );
    }
    return { node, output, input, veto: null };
  }
  if (!enabled) return { node, output, input, veto: 'in-place writing is switched off' };
  for (const veto of vetoes) {
    const reason = veto(context, { input, output, overwrite });
    if (reason) return { node, output, input, veto: reason };
  }
  return { node, output, input, veto: null };
}

function lastReads(graph: Graph): Map<ValueId, LastRead> {
  const position = new Map(graph.nodes.map((node, index) => [node, index]));
  const result = new Map<ValueId, LastRead>();
  for (const [id, readers] of readersOf(graph.nodes)) {
    const node = readers.at(-1);
    if (node) result.set(id, { position: position.get(node) ?? 0, node });
  }
  return result;
}
