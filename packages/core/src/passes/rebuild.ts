/**
 * Decides for every forward value that the backward pass reads whether to keep it or rebuild it by inversion.
 * Two moves are possible. Each is accepted only if it keeps fewer bytes, or the same bytes with one more
 * writer that can work in place:
 *
 *       absorb  all readers can read another value instead (ABN's backward reads z for x): keep that one;
 *       invert  the value follows from others that are kept anyway (a = φ⁻¹(out) − b): emit nodes that rebuild it.
 *
 * Both are almost free. The third option, recompute, costs time and is used only under a byte budget or where
 * it is cheap: see recompute/.
 */

import { byteLength } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import { zerosOf } from '../ir/calculus.js';
import { contextOf } from '../ir/context.js';
import type { Attributes, Inverse } from '../ir/define.js';
import {
  type Graph,
  type GraphNode,
  operandTypes,
  producersOf,
  readersOf,
  type ValueId,
  valueInfo,
} from '../ir/graph.js';
import { operandAt } from '../ir/infer.js';
import { Tracer } from '../ir/tracer.js';
import { hoist } from './hoist.js';

/** How the backward pass obtains a forward value that it reads. */
export interface RebuildDecision {
  /** The forward value. */
  readonly value: ValueId;
  /** Forward node that produces the value. */
  readonly producer: GraphNode | null;
  /**
   * `absorb`: its reader inverts on the fly. `invert`: extra nodes invert it. `recompute`: it is computed a
   * second time.
   */
  readonly choice: 'keep' | 'absorb' | 'invert' | 'recompute';
  /** Node that is inverted; null if none is. */
  readonly through: GraphNode | null;
  /** Bytes of the value. */
  readonly bytes: number;
}

export interface Rebuilt {
  readonly graph: Graph;
  readonly decisions: readonly RebuildDecision[];
}

export interface RebuildOptions {
  /** `false` is the kill switch: every value is kept. */
  readonly enabled?: boolean;
  /** Module paths of nodes that are not inverted, so their inputs are kept. */
  readonly keep?: ReadonlySet<string>;
}

/**
 * The graph with its inversions, and the decision for every value that the backward pass reads.
 *
 * @throws UsageError if nothing could be inverted at a path in `keep`
 */
export function rebuild(graph: Graph, { enabled = true, keep = new Set() }: RebuildOptions = {}): Rebuilt {
  checkKept(graph, keep);
  const absorbed = enabled ? absorb(graph, keep) : { graph, decisions: [] };
  const inverted = enabled ? invert(absorbed.graph, keep) : { graph: absorbed.graph, decisions: [] };
  const chosen = new Set(inverted.decisions.map((decision) => decision.value));
  const producers = producersOf(graph.nodes);
  const kept = savedValues(inverted.graph)
    .filter((id) => !chosen.has(id))
    .map((id): RebuildDecision => decisionFor(graph, producers, id, 'keep', null));
  return { graph: inverted.graph, decisions: [...absorbed.decisions, ...inverted.decisions, ...kept] };
}

function checkKept({ nodes }: Graph, keep: ReadonlySet<string>): void {
  const paths = new Set(nodes.filter(({ op }) => op.inverses.length > 0).map(({ path }) => path));
  const unknown = [...keep].find((path) => !paths.has(path));
  if (unknown !== undefined) {
    throw new UsageError(
      `nothing is inverted at ${unknown}: keep names layers such as ${[...paths][0] ?? 'none here'}`,
    );
  }
}

function decisionFor(
  graph: Graph,
  producers: ReadonlyMap<ValueId, GraphNode>,
  value: ValueId,
  choice: RebuildDecision['choice'],
  through: GraphNode | null,
): RebuildDecision {
  const producer = producers.get(value) ?? null;
  return { value, producer, choice, through, bytes: byteLength(valueInfo(graph, value)) };
}

const isForward = (node: GraphNode): boolean => node.phase === 'forward';

/** Forward values that backward nodes read, in the order in which they are written. */
export function savedValues(graph: Graph): ValueId[] {
  const read = new Set<ValueId>();
  for (const node of graph.nodes) {
    if (node.phase !== 'backward' || node.rebuilds) continue;
    for (const id of node.inputs) if (id !== null) read.add(id);
  }
  return graph.nodes.filter(isForward).flatMap((node) => node.outputs.filter((id) => read.has(id)));
}

interface Candidate {
  readonly node: GraphNode;
  readonly inverse: Inverse<Attributes>;
}

/** Inversions that would recover `value`, through its forward readers except those in `keep`. */
function inversionsOf(
  graph: Graph,
  value: ValueId,
  readers: Map<ValueId, GraphNode[]>,
  keep: ReadonlySet<string>,
): Candidate[] {
  const nodes = (readers.get(value) ?? []).filter((node) => isForward(node) && !keep.has(node.path));
  return nodes.flatMap((node) =>
    node.op.inverses
      .filter(
        ({ input, available }) =>
          node.inputs[input] === value && available(node.attrs, operandTypes(graph, node)),
      )
      .map((inverse) => ({ node, inverse })),
  );
}

function absorb(graph: Graph, keep: ReadonlySet<string>): Rebuilt {
  const producers = producersOf(graph.nodes);
  const readers = readersOf(graph.nodes);
  const replaced = new Map<GraphNode, GraphNode>();
  const decisions: RebuildDecision[] = [];
  for (const value of savedValues(graph)) {
    const backward = (readers.get(value) ?? []).filter((node) => node.phase === 'backward');
    for (const { node } of inversionsOf(graph, value, readers, keep)) {
      const rewritten = backward.map((reader) => absorbedReader(replaced.get(reader) ?? reader, value, node));
      if (rewritten.includes(null)) continue;
      backward.forEach((reader, index) => {
        const next = rewritten[index];
        if (next) replaced.set(reader, next);
      });
      decisions.push(decisionFor(graph, producers, value, 'absorb', node));
      break;
    }
  }
  return { graph: { ...graph, nodes: graph.nodes.map((node) => replaced.get(node) ?? node) }, decisions };
}

/**
 * `reader` with the output of `inverted` instead of `value`, if its op can absorb the inversion; otherwise
 * null.
 */
function absorbedReader(reader: GraphNode, value: ValueId, inverted: GraphNode): GraphNode | null {
  // Only the node's own backward reads its value with the same parameters. Another layer's backward does
  // not.
  if (reader.origin !== inverted.id) return null;
  const rule = reader.op.absorb;
  const operand = reader.inputs.indexOf(value);
  const absorbed = rule?.(reader.attrs, operand, inverted);
  const output = absorbed && inverted.outputs[absorbed.output];
  if (!absorbed || output === undefined || output === null) return null;
  const inputs = reader.inputs.map((id, index) => (index === operand ? output : id));
  return { ...reader, attrs: absorbed.attrs, inputs };
}

function invert(graph: Graph, keep: ReadonlySet<string>): Rebuilt {
  const readers = readersOf(graph.nodes);
  const producers = producersOf(graph.nodes);
  const kept = new Set(savedValues(graph));
  const chosen = new Map<ValueId, Candidate>();
  const sources = new Set<ValueId>();
  // Latest first: an inversion starts from values nearer the loss, which the backward pass reaches first.
  for (const value of [...kept].reverse()) {
    const candidate = inversionsOf(graph, value, readers, keep).find(
      ({ node, inverse }) =>
        inverse.rebuild &&
        // x + x cannot be inverted for x.
        sourcesOf(graph, node, inverse).every((id) => id !== value && kept.has(id)) &&
        (!inverse.partial(node.attrs) ||
          (!sources.has(value) && maskedReads(graph, value, node, { readers, producers }))),
    );
    if (!candidate) continue;
    kept.delete(value);
    chosen.set(value, candidate);
    for (const id of sourcesOf(graph, candidate.node, candidate.inverse)) sources.add(id);
  }
  const decisions = [...chosen].map(([value, { node }]) =>
    decisionFor(graph, producers, value, 'invert', node),
  );
  return { graph: emitInversions(graph, chosen), decisions };
}

interface Neighbors {
  readonly readers: ReadonlyMap<ValueId, readonly GraphNode[]>;
  readonly producers: ReadonlyMap<ValueId, GraphNode>;
}

/**
 * True if the backward pass reads `value` only together with gradients that are zero where the output of
 * `node` is, so the elements that a partial inversion of `node` does not recover do not count.
 */
function maskedReads(
  graph: Graph,
  value: ValueId,
  node: GraphNode,
  { readers, producers }: Neighbors,
): boolean {
  const tracer = Tracer.of(graph);
  const [output = -1] = node.outputs;
  const masked = (id: ValueId | null | undefined): boolean => {
    const producer = id === null || id === undefined ? undefined : producers.get(id);
    const form = producer?.op.fusion?.elementwise?.(contextOf(tracer, producer));
    if (!producer || !form || form.reduce) return false;
    const inputs = producer.inputs.filter((input) => input !== null);
    return [...zerosOf(form.expression)].some((index) => inputs[index] === output);
  };
  return (readers.get(value) ?? [])
    .filter(({ phase }) => phase === 'backward')
    .every((reader) =>
      reader.inputs.every((id, index) => {
        if (id !== value) return true;
        const gate = operandAt(reader.op.inputs, index)?.countsWith?.(reader.attrs) ?? null;
        return gate !== null && masked(reader.inputs[gate]);
      }),
    );
}

/** Forward values that an inversion reads; states and inputs are always available. */
function sourcesOf(graph: Graph, node: GraphNode, inverse: Inverse<Attributes>): ValueId[] {
  const outputs = inverse.fromOutputs.map((index) => node.outputs[index]);
  const inputs = inverse.fromInputs.map((index) => node.inputs[index]);
  return [...outputs, ...inputs].filter(
    (id): id is ValueId => id !== null && id !== undefined && valueInfo(graph, id).kind === 'activation',
  );
}

/** Appends the rebuilding nodes and rewires the backward readers to their results. */
function emitInversions(graph: Graph, chosen: ReadonlyMap<ValueId, Candidate>): Graph {
  if (chosen.size === 0) return graph;
  const tracer = Tracer.of(graph);
  const rebuilt = new Map<ValueId, ValueId>();
  const current = (id: ValueId): ValueId => {
    const known = rebuilt.get(id);
    const candidate = chosen.get(id);
    if (known !== undefined || !candidate) return known ?? id;
    const { node, inverse } = candidate;
    const at = (list: readonly (ValueId | null)[], index: number) => tracer.value(current(list[index] ?? -1));
    const value = tracer.during('backward', node, () =>
      inverse.rebuild?.({
        attrs: node.attrs,
        output: (index) => at(node.outputs, index),
        input: (index) => at(node.inputs, index),
      }),
    );
    if (!value) throw new Error(`${node.op.name} at ${node.path} cannot rebuild its input`);
    rebuilt.set(id, value.id);
    return value.id;
  };
  const pointed = graph.nodes.map((node) => {
    if (node.phase !== 'backward') return node;
    return { ...node, inputs: node.inputs.map((id) => (id === null ? null : current(id))) };
  });
  const emitted = tracer.traced.slice(graph.nodes.length);
  return { ...tracer.finish(), nodes: hoist([...pointed, ...emitted]) };
}
