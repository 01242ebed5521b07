/**
 * Fuses neighboring elementwise ops: if a value has a single reader, and both are expressions, the reader
 * computes the value itself. A chain then reads its operands once and writes its result once. Ops declare
 * their own expressions. Fusion never increases memory.
 */
import { byteLength, sameShape } from '@inplace-abn/tensor';
import { contextOf } from '../ir/context.js';
import type { Elementwise } from '../ir/define.js';
import { compose, type Expression, fits, operand } from '../ir/expression.js';
import { type Graph, type GraphNode, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import { emitElementwise } from '../ops/elementwise.js';
import { broadcastShape } from '../ops/support/broadcast.js';

/** `enabled: false` is the kill switch. */
export function fuse(graph: Graph, enabled = true): Graph {
  const seeking = (node: GraphNode) =>
    node.op.fusion?.elementwise && elementwiseOf(Tracer.of(graph), node)?.seeks;
  if (!enabled || !graph.nodes.some(seeking)) return graph;
  return new Fuser(graph).fused();
}

function elementwiseOf(tracer: Tracer, node: GraphNode): Elementwise | null {
  return node.op.fusion?.elementwise?.(contextOf(tracer, node)) ?? null;
}

/** A node that computes an expression. */
interface Member {
  readonly node: GraphNode;
  readonly form: Elementwise;
  readonly inputs: readonly Value[];
}

class Fuser {
  private readonly tracer: Tracer;
  private readonly positions = new Map<GraphNode, number>();
  private readonly members = new Map<ValueId, Member>();
  private readonly readers = new Map<ValueId, Set<GraphNode>>();
  /** Values that are read after the step. */
  private readonly kept: ReadonlySet<ValueId>;
  private readonly nodes = new Set<GraphNode>();

  constructor(private readonly graph: Graph) {
    this.tracer = Tracer.of(graph);
    this.kept = new Set([...graph.outputs.values(), ...graph.updates.values()]);
    graph.nodes.forEach((node, position) => {
      this.positions.set(node, position);
      this.enter(node);
    });
  }

  fused(): Graph {
    for (const node of this.graph.nodes) {
      let member = this.nodes.has(node) ? this.member(node) : null;
      while (member) {
        this.remember(member);
        member = this.withOneProducer(member);
      }
    }
    const nodes = [...this.nodes].sort((a, b) => this.position(a) - this.position(b));
    return { ...this.tracer.finish(), nodes };
  }

  private enter(node: GraphNode): void {
    this.nodes.add(node);
    for (const id of operands(node)) {
      const readers = this.readers.get(id);
      if (readers) readers.add(node);
      else this.readers.set(id, new Set([node]));
    }
  }

  private leave(node: GraphNode): void {
    this.nodes.delete(node);
    for (const id of operands(node)) this.readers.get(id)?.delete(node);
  }

  private position(node: GraphNode): number {
    return this.positions.get(node) ?? -1;
  }

  private member(node: GraphNode): Member | null {
    const form = node.phase === 'update' ? null : elementwiseOf(this.tracer, node);
    return (
      form && { node, form, inputs: contextOf(this.tracer, node).inputs.filter((value) => value !== null) }
    );
  }

  private remember(member: Member): void {
    const [output] = member.node.outputs;
    if (output !== undefined && !member.form.reduce) this.members.set(output, member);
  }

  /** The reader with one of its producers fused into it; null if none can be. */
  private withOneProducer(reader: Member): Member | null {
    for (const value of reader.inputs) {
      const producer = this.members.get(value.id);
      const fused = producer && this.mayJoin(producer, reader) ? this.joined(producer, reader, value) : null;
      if (fused) return fused;
    }
    return null;
  }

  private mayJoin(producer: Member, reader: Member): boolean {
    const [output = -1] = producer.node.outputs;
    const readers = this.readers.get(output);
    if (this.kept.has(output) || readers?.size !== 1 || !readers.has(reader.node)) return false;
    if (!producer.form.seeks && !reader.form.seeks) return false;
    const { phase, rebuilds } = producer.node;
    return (phase === reader.node.phase || rebuilds === true) && this.holdsNoMore(producer, reader);
  }

  /**
   * Fusion keeps the producer's inputs live until the reader, and eliminates its output. If only elementwise
   * nodes run in between, their lifetimes do not grow.
   */
  private holdsNoMore(producer: Member, reader: Member): boolean {
    const [from, to] = [this.position(producer.node), this.position(reader.node)];
    const between = [...this.nodes].filter((node) => this.position(node) > from && this.position(node) < to);
    if (between.every((node) => node.op.fusion?.elementwise)) return true;
    const dying = producer.inputs.filter(({ id, kind }) => {
      const last = Math.max(...[...(this.readers.get(id) ?? [])].map((node) => this.position(node)));
      return kind !== 'state' && kind !== 'input' && !this.kept.has(id) && last < to;
    });
    const [output = -1] = producer.node.outputs;
    const held = dying.reduce((sum, value) => sum + byteLength(value), 0);
    return held <= byteLength(valueInfo(this.graph, output));
  }

  private joined(producer: Member, reader: Member, value: Value): Member | null {
    const own = broadcastShape([value, ...reader.inputs].map(({ shape }) => shape));
    const domain = reader.form.domain ?? own;
    // Do not recompute a small broadcast operand for every element.
    if (!sameShape(value.shape, domain) && producer.form.expression.kind === 'call') return null;
    const inputs = [...reader.inputs, ...producer.inputs];
    const inner = compose(
      producer.form.expression,
      producer.inputs.map((_, index) => operand(reader.inputs.length + index)),
    );
    const places = reader.inputs.map((input, index) => (input.id === value.id ? inner : operand(index)));
    const expression = compose(reader.form.expression, places);
    if (!fits(unified(expression, inputs))) return null;
    return this.replaced(
      producer,
      reader,
      (get) => {
        if (reader.form.reduce) return reader.form.reduce(expression, get, domain);
        const [output = -1] = reader.node.outputs;
        return emitElementwise(expression, get, { domain, dtype: valueInfo(this.graph, output).dtype });
      },
      inputs,
    );
  }

  private replaced(
    producer: Member,
    reader: Member,
    emit: (get: (index: number) => Value) => Value,
    inputs: readonly Value[],
  ): Member | null {
    const get = (index: number): Value => {
      const value = inputs[index];
      if (!value) throw new RangeError(`the expression has no operand ${index}`);
      return value;
    };
    const before = this.tracer.traced.length;
    const result = emit(get);
    const [made, ...more] = this.tracer.traced.slice(before);
    const [output = -1] = reader.node.outputs;
    if (!made || more.length > 0 || result.dtype !== valueInfo(this.graph, output).dtype) return null;
    const { id, op, attrs, inputs: read } = made;
    const node = { ...reader.node, id, op, attrs, inputs: read };
    this.positions.set(node, this.position(reader.node));
    this.leave(producer.node);
    this.leave(reader.node);
    this.enter(node);
    return this.member(node);
  }
}

/** The expression with operands that are the same value merged. */
function unified(root: Expression, inputs: readonly Value[]): Expression {
  return compose(
    root,
    inputs.map(({ id }) => operand(inputs.findIndex((other) => other.id === id))),
  );
}
