/** Which values a recomputation can start from, and which can be recomputed. */
import { type Graph, type GraphNode, producersOf, type ValueId, valueInfo } from '../ir/graph.js';
import { savedValues } from '../passes/rebuild.js';

export class Sources {
  private readonly saved: ReadonlySet<ValueId>;
  private readonly producers: ReadonlyMap<ValueId, GraphNode>;

  constructor(private readonly graph: Graph) {
    this.saved = new Set(savedValues(graph));
    this.producers = producersOf(graph.nodes);
  }

  /** True if the backward pass reads the forward value. */
  isSaved(id: ValueId): boolean {
    return this.saved.has(id);
  }

  /** True if the value could be recomputed in the backward pass instead of kept. */
  recomputable(id: ValueId): boolean {
    const producer = this.producers.get(id);
    return this.saved.has(id) && producer !== undefined && this.repeats(id, producer);
  }

  /**
   * True if the value is still available to a recomputation, given the `dropped` values. Statistics and other
   * vectors are small and always kept: a layer computes them, and updates its running statistics, once per
   * step.
   */
  holds(id: ValueId, dropped: { has(id: ValueId): boolean }): boolean {
    const producer = this.producers.get(id);
    if (!producer || !this.repeats(id, producer)) return true;
    return this.saved.has(id) && !dropped.has(id);
  }

  /** The node that computes a value that is not available to recomputations. */
  producer(id: ValueId): GraphNode {
    const producer = this.producers.get(id);
    if (!producer) throw new RangeError(`nothing computes %${id}`);
    return producer;
  }

  /** True if its producer may run a second time, which guards and collectives may not. */
  private repeats(id: ValueId, producer: GraphNode): boolean {
    const { kind, shape } = valueInfo(this.graph, id);
    const { guard, collective } = producer.op.effects;
    return kind === 'activation' && shape.length > 1 && producer.phase === 'forward' && !guard && !collective;
  }
}
