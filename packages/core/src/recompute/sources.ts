/** What a recomputation may start from, and what can be computed twice. */
import { type Graph, type GraphNode, producersOf, type ValueId, valueInfo } from '../ir/graph.js';
import { savedValues } from '../passes/rebuild.js';

export class Sources {
  private readonly saved: ReadonlySet<ValueId>;
  private readonly producers: ReadonlyMap<ValueId, GraphNode>;

  constructor(private readonly graph: Graph) {
    this.saved = new Set(savedValues(graph));
    this.producers = producersOf(graph.nodes);
  }

  /** Whether the backward pass reads the forward value. */
  isSaved(id: ValueId): boolean {
    return this.saved.has(id);
  }

  /** Whether the backward pass could have the value computed once more in the place of kept. */
  recomputable(id: ValueId): boolean {
    const producer = this.producers.get(id);
    return this.saved.has(id) && producer !== undefined && this.again(id, producer);
  }

  /**
   * Whether a recomputation finds the value where it is: `dropped` are those that are computed again. Statistics and other
   * vectors stay, small as they are: a layer's are computed, and its running ones updated, once a step.
   */
  holds(id: ValueId, dropped: { has(id: ValueId): boolean }): boolean {
    const producer = this.producers.get(id);
    if (!producer || !this.again(id, producer)) return true;
    return this.saved.has(id) && !dropped.has(id);
  }

  /** The node that computes a value that no recomputation finds. */
  producer(id: ValueId): GraphNode {
    const producer = this.producers.get(id);
    if (!producer) throw new RangeError(`nothing computes %${id}`);
    return producer;
  }

  private again(id: ValueId, producer: GraphNode): boolean {
    const { kind, shape } = valueInfo(this.graph, id);
    const { guard, collective } = producer.op.effects;
    return kind === 'activation' && shape.length > 1 && producer.phase === 'forward' && !guard && !collective;
  }
}
