/**
 * Computes segments of an inference graph strip by strip. Rows are sliced from the segment's input, pass
 * through copies of its nodes, and are inserted into its output, so no intermediate value ever exists whole.
 * Rows near a boundary are computed twice, but every row that is kept is computed from the same operands as
 * in the whole image.
 */
import { type Graph, type GraphNode, producersOf, type ValueId } from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import { insertRows } from '../ops/insert_rows.js';
import { sliceRows } from '../ops/slice_rows.js';
import type { StripDecision } from './choose.js';
import { type Rows, rowsNeeded, type Segment, stripInput, stripsOf } from './segment.js';

/** The graph with these segments computed in strips. `decisions`: disjoint segments of `graph`. */
export function strips(graph: Graph, decisions: readonly StripDecision[]): Graph {
  if (decisions.length === 0) return graph;
  const tracer = Tracer.of(graph);
  // Emit in place of the last node, when everything the segment reads exists, including folded weights.
  const last = new Map(decisions.map((decision) => [decision.segment.nodes.at(-1)?.node, decision]));
  const inside = new Set(decisions.flatMap(({ segment }) => segment.nodes.map(({ node }) => node)));
  const producers = producersOf(graph.nodes);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const decision = last.get(node);
    if (decision) nodes.push(...new StripEmitter(producers, tracer, decision).emit());
    else if (!inside.has(node)) nodes.push(node);
  }
  return { ...tracer.finish(), nodes };
}

class StripEmitter {
  private readonly segment: Segment;
  private readonly nodes: GraphNode[] = [];

  constructor(
    private readonly producers: ReadonlyMap<ValueId, GraphNode>,
    private readonly tracer: Tracer,
    private readonly decision: StripDecision,
  ) {
    this.segment = decision.segment;
  }

  emit(): GraphNode[] {
    let joined: Value | null = null;
    for (const strip of stripsOf(this.segment, this.decision.count)) joined = this.emitStrip(strip, joined);
    const last = this.nodes.at(-1);
    if (!last) return [];
    return [...this.nodes.slice(0, -1), { ...last, outputs: [this.segment.output] }];
  }

  /** Computes rows `strip` of the segment's output and inserts them into `joined`. */
  private emitStrip(strip: Rows, joined: Value | null): Value {
    const { segment, tracer } = this;
    const rows = stripInput(segment, rowsNeeded(segment, strip));
    const height = (id: ValueId): number => segment.heights.get(id) ?? 0;
    const [firstPath, lastPath] = [segment.nodes[0]?.node.path ?? '', segment.nodes.at(-1)?.node.path ?? ''];
    const made = new Map<ValueId, Value>();
    const input = tracer.value(segment.input);
    made.set(
      segment.input,
      this.at(firstPath, () => cutRows(input, rows, height(segment.input))),
    );
    for (const { node } of segment.nodes) this.copy(node, made);
    const output = made.get(segment.output);
    if (!output) throw new RangeError(`the segment does not compute %${segment.output}`);
    const before = rows.begin / (segment.reduction.get(segment.output) ?? 1);
    const wanted = { begin: strip.begin - before, end: strip.end - before };
    return this.at(lastPath, () => {
      const kept = cutRows(output, wanted, output.shape[2] ?? 0);
      return insertRows(kept, joined, strip.begin, height(segment.output));
    });
  }

  /** Emits a copy of a node on this strip's values. */
  private copy(node: GraphNode, made: Map<ValueId, Value>): void {
    const recomputed = new Map<ValueId, Value>();
    const inputs = node.inputs.map((id) => {
      return id === null ? null : (made.get(id) ?? this.operand(id, recomputed));
    });
    this.emitAs(node, inputs, made);
  }

  /**
   * Recomputes values that depend only on states for every strip, so that they need not stay live until the
   * next one.
   */
  private operand(id: ValueId, recomputed: Map<ValueId, Value>): Value {
    const producer = this.producers.get(id);
    if (!producer?.rebuilds) return this.tracer.value(id);
    if (!recomputed.has(id)) {
      const inputs = producer.inputs.map((input) =>
        input === null ? null : this.operand(input, recomputed),
      );
      this.emitAs(producer, inputs, recomputed);
    }
    return recomputed.get(id) ?? this.tracer.value(id);
  }

  /** Emits a copy of `node` on other operands and maps the results of `node` to its results. */
  private emitAs(node: GraphNode, inputs: readonly (Value | null)[], results: Map<ValueId, Value>): void {
    const { op, attrs, path, rebuilds = false } = node;
    const outputs = this.at(path, () => this.tracer.emit(op, inputs, attrs, { rebuilds }));
    node.outputs.forEach((id, index) => {
      const value = outputs[index];
      if (value) results.set(id, value);
    });
  }

  /** Emits nodes at a module path. */
  private at<T>(path: string, body: () => T): T {
    const before = this.tracer.traced.length;
    const result = body();
    const emitted = this.tracer.traced.slice(before).map((node) => (node.path ? node : { ...node, path }));
    this.nodes.push(...emitted);
    return result;
  }
}

function cutRows(value: Value, { begin, end }: Rows, height: number): Value {
  return begin === 0 && end === height ? value : sliceRows(value, begin, end - begin);
}
