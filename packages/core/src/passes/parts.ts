/**
 * Updates large weights in parts, so that their gradients never exist whole. Applies to a gradient that only
 * its update reads and that can be computed for a range of outputs at a time. Each part is computed, consumed
 * and freed before the next. This pays where the gradient is larger than its operands, which are read once
 * per part.
 */

import { byteLength, dim, type TensorType } from '@inplace-abn/tensor';
import { contextOf } from '../ir/context.js';
import type { Part } from '../ir/define.js';
import {
  type Graph,
  type GraphNode,
  operands,
  producersOf,
  readersOf,
  type ValueId,
  valueInfo,
} from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';

/** Gradients above this size in bytes are split into the fewest equal parts of at most this size. */
const LARGE = 2 ** 22;
/** Limit of that number. More parts, up to twice the limit, are made if the length does not divide. */
const MOST_PARTS = 8;
/** Kernels are most efficient on multiples of this many outputs. */
const WHOLE_VECTORS = 16;

export interface PartsDecision {
  /** Node that computes the gradient. */
  readonly producer: GraphNode;
  readonly value: ValueId;
  readonly bytes: number;
  readonly count: number;
}

export interface Divided {
  readonly graph: Graph;
  readonly decisions: readonly PartsDecision[];
}

/** `enabled: false` is the kill switch. */
export function parts(graph: Graph, enabled = true): Divided {
  const found = enabled ? divisible(graph) : [];
  if (found.length === 0) return { graph, decisions: [] };
  const tracer = Tracer.of(graph);
  const replaced = new Map<GraphNode, readonly GraphNode[]>();
  const decisions: PartsDecision[] = [];
  for (const { producer, update, value } of found) {
    const type = valueInfo(graph, value);
    const count = partsOf(type);
    const made = divide(tracer, producer, update, evenly(dim(type.shape, 0), count));
    if (!made) continue;
    replaced.set(producer, made.producers).set(update, made.updates);
    decisions.push({ producer, value, bytes: byteLength(type), count });
  }
  const nodes = graph.nodes.flatMap((node) => replaced.get(node) ?? [node]);
  return { graph: { ...tracer.finish(), nodes }, decisions };
}

interface Divisible {
  readonly producer: GraphNode;
  readonly update: GraphNode;
  /** The gradient. */
  readonly value: ValueId;
}

/** Large gradients whose only reader is an update that accepts parts. */
function divisible(graph: Graph): Divisible[] {
  const producers = producersOf(graph.nodes);
  const readers = readersOf(graph.nodes);
  const fetched = new Set(graph.outputs.values());
  return graph.nodes.flatMap((update): Divisible[] => {
    const partial = update.op.parts?.update;
    const value = partial ? (update.inputs[partial.operand] ?? null) : null;
    const producer = value === null ? undefined : producers.get(value);
    if (value === null || producer?.outputs.length !== 1 || fetched.has(value)) return [];
    const alone = readers.get(value)?.length === 1;
    const type = valueInfo(graph, value);
    const read = operands(producer).reduce((sum, id) => sum + byteLength(valueInfo(graph, id)), 0);
    return alone && byteLength(type) > read && partsOf(type) > 1 ? [{ producer, update, value }] : [];
  });
}

/** Number of equal parts, preferably of whole vectors; 1 if the gradient is small or cannot be divided. */
function partsOf(type: TensorType): number {
  const least = Math.min(MOST_PARTS, Math.ceil(byteLength(type) / LARGE));
  if (least < 2) return 1;
  const counts = Array.from({ length: 2 * MOST_PARTS - least + 1 }, (_, i) => least + i);
  const length = dim(type.shape, 0);
  const divides = (unit: number) => counts.find((count) => length % (count * unit) === 0);
  return divides(WHOLE_VECTORS) ?? divides(1) ?? 1;
}

function evenly(whole: number, count: number): Part[] {
  const length = whole / count;
  return Array.from({ length: count }, (_, i) => ({ begin: i * length, length }));
}

/**
 * The nodes that compute the parts and those that consume them, each updating the result of the one before;
 * null if the op cannot be split.
 */
function divide(
  tracer: Tracer,
  producer: GraphNode,
  update: GraphNode,
  ranges: readonly Part[],
): { producers: GraphNode[]; updates: GraphNode[] } | null {
  const producers: GraphNode[] = [];
  const updates: GraphNode[] = [];
  const rule = update.op;
  const partial = rule.parts?.update;
  const kind = tracer.value(producer.outputs[0] ?? -1).kind;
  let { inputs } = update;
  for (const range of ranges) {
    const before = tracer.traced.length;
    const made = producer.op.parts?.make?.(contextOf(tracer, producer), range);
    if (!made || !partial) return null;
    tracer.retag(made, kind);
    producers.push(...tracer.traced.slice(before).map((node) => placedAs(node, producer)));
    const given = inputs.map((id, index) => (index === partial.operand ? made.id : id));
    const values = given.map((id) => (id === null ? null : tracer.value(id)));
    const next = tracer.emit(update.op, values, partial.at(update.attrs, range.begin));
    updates.push(...tracer.traced.slice(-1).map((node) => placedAs(node, update)));
    inputs = given.map((id, index) => {
      const over = rule.overwrites.find((overwrite) => overwrite.input === index);
      return (over && next[over.output]?.id) ?? id;
    });
  }
  const last = updates.pop();
  return last ? { producers, updates: [...updates, { ...last, outputs: update.outputs }] } : null;
}

function placedAs(node: GraphNode, { path, phase, origin }: GraphNode): GraphNode {
  return { ...node, path, phase, ...(origin === undefined ? {} : { origin }) };
}
