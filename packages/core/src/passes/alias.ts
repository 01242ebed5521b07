/**
 * Decides which values share memory. An output takes the memory of an input where its op allows it and no veto
 * speaks against it: in-place is what liveness allows, not something a model asks for. Every decision is kept
 * with its reason. (Logging each reuse and each refusal is ggml's habit.)
 */
import { type Graph, type GraphNode, operands, readersOf, type ValueId, valueInfo } from '../graph/graph.js';
import type { Overwrite } from '../ops/define.js';
import { opOf } from '../ops/index.js';
import { byteLength } from '../shape.js';

export interface AliasDecision {
  readonly node: GraphNode;
  readonly output: ValueId;
  readonly input: ValueId;
  /** null: written over the input. */
  readonly veto: string | null;
}

export interface Aliases {
  /** Value → the first value that owned its memory. */
  readonly owner: ReadonlyMap<ValueId, ValueId>;
  readonly decisions: readonly AliasDecision[];
}

interface AliasContext {
  readonly graph: Graph;
  readonly owner: Map<ValueId, ValueId>;
  /** Position of the last node that reads or writes any value in the memory of the owner. */
  readonly lastRead: Map<ValueId, { position: number; node: GraphNode }>;
  readonly position: number;
  readonly node: GraphNode;
}

type Veto = (context: AliasContext, input: ValueId, output: ValueId) => string | null;

const vetoes: readonly Veto[] = [
  ({ graph, owner }, input) => {
    const { kind } = valueInfo(graph, owner.get(input) ?? input);
    if (kind === 'state') return 'it is a state that outlives the step';
    return kind === 'input' ? 'it was handed in by the host' : null;
  },
  ({ graph }, input) =>
    [...graph.outputs.values()].includes(input) ? 'it is an output of the program' : null,
  ({ graph }, input, output) =>
    byteLength(valueInfo(graph, input)) === byteLength(valueInfo(graph, output))
      ? null
      : 'it differs in size',
  ({ lastRead, position }, input) => {
    const last = lastRead.get(input);
    if (!last || last.position <= position) return null;
    return `it is still read by ${last.node.op} at ${last.node.path || '(top)'}`;
  },
  ({ node, owner }, input) => {
    const sharing = operands(node).filter((id) => owner.get(id) === owner.get(input));
    return sharing.length > 1 ? 'another operand of the node shares its memory' : null;
  },
  ({ node, owner }, input) =>
    node.outputs.some((id) => owner.get(id) === owner.get(input)) ? 'another output took its memory' : null,
];

/** `enabled: false` is the kill switch: only states are written in place. */
export function alias(graph: Graph, enabled = true): Aliases {
  const owner = new Map<ValueId, ValueId>();
  const decisions: AliasDecision[] = [];
  const lastRead = lastReads(graph);
  for (const id of [...graph.inputs.values(), ...graph.states.map((state) => state.value)]) owner.set(id, id);
  graph.nodes.forEach((node, position) => {
    const context: AliasContext = { graph, owner, lastRead, position, node };
    for (const overwrite of opOf(node.op).overwrites) {
      const decision = decide(context, overwrite, enabled);
      if (!decision) continue;
      decisions.push(decision);
      if (!decision.veto) owner.set(decision.output, owner.get(decision.input) ?? decision.input);
    }
    for (const id of node.outputs) if (!owner.has(id)) owner.set(id, id);
  });
  return { owner, decisions };
}

function decide(context: AliasContext, overwrite: Overwrite, enabled: boolean): AliasDecision | null {
  const { node, owner } = context;
  const input = node.inputs[overwrite.input];
  const output = node.outputs[overwrite.output];
  if (input === null || input === undefined || output === undefined || owner.has(output)) return null;
  if (overwrite.required) {
    const last = context.lastRead.get(input);
    if (last && last.position > context.position) {
      throw new Error(
        `${node.op} at ${node.path} overwrites a state before ${last.node.op} at ${last.node.path} reads it`,
      );
    }
    return { node, output, input, veto: null };
  }
  if (!enabled) return { node, output, input, veto: 'in-place writing is switched off' };
  for (const veto of vetoes) {
    const reason = veto(context, input, output);
    if (reason) return { node, output, input, veto: reason };
  }
  return { node, output, input, veto: null };
}

function lastReads(graph: Graph): Map<ValueId, { position: number; node: GraphNode }> {
  const position = new Map(graph.nodes.map((node, index) => [node, index]));
  const result = new Map<ValueId, { position: number; node: GraphNode }>();
  for (const [id, readers] of readersOf(graph.nodes)) {
    const node = readers.at(-1);
    if (node) result.set(id, { position: position.get(node) ?? 0, node });
  }
  return result;
}
