/**
 * Recomputes values in the backward pass, just before their first reader there, from values that are kept
 * until then (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). choose.ts and spare.ts
 * decide which.
 */
import { type Graph, type GraphNode, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';
import { hoist } from '../passes/hoist.js';
import { Sources } from './sources.js';

export interface Recomputed {
  /** Forward values that the backward pass reads and that Sources calls recomputable. */
  readonly values: ReadonlySet<ValueId>;
  /**
   * Values that are not held for recomputations that pass through them before the backward pass itself reads
   * them. Each such recomputation makes its own copy.
   */
  readonly each: ReadonlySet<ValueId>;
}

/** `graph`: ordered, so that the first reader of a value is the first to run. */
export function recompute(graph: Graph, recomputed: Recomputed): Graph {
  if (recomputed.values.size === 0) return graph;
  const recomputation = new Recomputation(graph, recomputed);
  const pointed = graph.nodes.map((node) => {
    if (node.phase !== 'backward') return node;
    return { ...node, inputs: node.inputs.map((id) => (id === null ? null : recomputation.of(id, node))) };
  });
  return { ...recomputation.tracer.finish(), nodes: hoist([...pointed, ...recomputation.nodes()]) };
}

type Copies = Map<ValueId, ValueId>;

class Recomputation {
  readonly tracer: Tracer;
  private readonly sources: Sources;
  /** Copies shared by all readers. */
  private readonly shared: Copies = new Map();
  /** Copies made for one reader's recomputation only. */
  private own: Copies = new Map();
  private reader: GraphNode | null = null;

  constructor(
    private readonly graph: Graph,
    private readonly recomputed: Recomputed,
  ) {
    this.tracer = Tracer.of(graph);
    this.sources = new Sources(graph);
  }

  /** The value that `reader`, a node of the backward pass, reads instead of `id`. */
  of(id: ValueId, reader: GraphNode): ValueId {
    if (!this.recomputed.values.has(id)) return id;
    if (reader !== this.reader) this.own = new Map();
    this.reader = reader;
    for (const node of this.missing(id)) this.emit(node);
    const copy = this.source(id);
    this.shared.set(id, copy);
    return copy;
  }

  nodes(): readonly GraphNode[] {
    return this.tracer.traced.slice(this.graph.nodes.length);
  }

  /** The original value or its copy. */
  private source(id: ValueId): ValueId {
    if (this.sources.holds(id, this.recomputed.values)) return id;
    return this.shared.get(id) ?? this.own.get(id) ?? id;
  }

  /** Nodes to run for `id`, in topological order. */
  private missing(id: ValueId): GraphNode[] {
    const found = new Set<GraphNode>();
    const waiting = [id];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (this.source(next) !== next || this.sources.holds(next, this.recomputed.values)) continue;
      const node = this.sources.producer(next);
      if (found.has(node)) continue;
      found.add(node);
      waiting.push(...operands(node));
    }
    return this.graph.nodes.filter((node) => found.has(node));
  }

  private emit(node: GraphNode): void {
    const { tracer } = this;
    const inputs = node.inputs.map((id) => (id === null ? null : tracer.value(this.source(id))));
    const kinds = node.outputs.map((id) => valueInfo(this.graph, id).kind);
    const outputs = tracer.during('backward', node, () =>
      tracer.emit(node.op, inputs, node.attrs, { kinds, rebuilds: true }),
    );
    node.outputs.forEach((id, index) => {
      const output = outputs[index];
      const copies = this.recomputed.each.has(id) ? this.own : this.shared;
      if (output && !copies.has(id)) copies.set(id, output.id);
    });
  }
}
