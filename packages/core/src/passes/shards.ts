/**
 * Joins the traces of several shards of a batch, each traced as if a process had only that shard, into the
 * graph of the process that holds them. Nodes whose operands are the same in every shard are emitted once:
 * updates, and nodes that depend only on parameters. The others are emitted for each shard, so their kernels
 * get a shard's shapes for any number of processes. Where a trace exchanges values with other shards, the
 * op's definition says how a process does so for all of its shards (`effects.collective`).
 */
import { UsageError } from '../errors.js';
import type { Attributes, Holding } from '../ir/define.js';
import { type Graph, type GraphNode, type ValueId, valueInfo } from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';

/** Options of {@link joinShards}. */
export interface JoinOptions {
  /** Name of the group of shards in the traces. */
  readonly group: string;
  /** The processes that hold the shards. */
  readonly holding: Holding;
  /** True if each shard gets its own array for this input: see {@link shardInput}. */
  isOwn(input: string): boolean;
}

/** Name of a shard's own input; `shard` counts a process's shards from 0. */
export function shardInput(name: string, shard: number): string {
  return `${name}/${shard}`;
}

/**
 * The graph of a process that holds these shards, in order. The traces may differ in the number of samples.
 * A shard's own inputs are named by {@link shardInput}; the other inputs, the states and the outputs keep
 * their names.
 *
 * @throws UsageError, code ERR_SHARDS, if the step exchanges values over another group, if its nodes depend
 *   on the number of samples, or if a state's update or an output depends on a single shard
 */
export function joinShards(traces: readonly Graph[], options: JoinOptions): Graph {
  return new Joining(traces, options).graph();
}

/** An emitted node, shared by all shards that would compute the same. */
interface Emitted {
  readonly id: number;
  readonly attrs: Attributes;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
}

/** A trace, with the joined graph's value or node for each of its own. */
interface Shard {
  readonly trace: Graph;
  readonly values: Map<ValueId, Value>;
  readonly nodes: Map<number, number>;
}

class Joining {
  private readonly tracer = new Tracer();
  private readonly shards: readonly Shard[];
  private readonly nodes: GraphNode[] = [];
  /** Values that depend on one shard's samples, even if the process holds only that shard. */
  private readonly own = new Set<Value>();
  private readonly first: Graph;

  constructor(
    traces: readonly Graph[],
    private readonly options: JoinOptions,
  ) {
    const [first] = traces;
    if (!first) throw new RangeError('a process holds at least one shard');
    this.first = first;
    this.shards = traces.map((trace) => ({ trace, values: new Map(), nodes: new Map() }));
  }

  graph(): Graph {
    this.define();
    for (const [index, node] of this.first.nodes.entries()) {
      const nodes = this.shards.map(({ trace }) => trace.nodes[index]);
      if (!nodes.every((other) => other?.op === node.op)) refuse(node, 'depends on the number of samples');
      if (node.op.effects.collective) this.exchange(node, index);
      else this.emit(index);
    }
    if (this.shards.some(({ trace }) => trace.nodes.length !== this.first.nodes.length)) {
      refuse(null, 'depends on the number of samples');
    }
    this.finish();
    return { ...this.tracer.finish(), nodes: this.nodes };
  }

  private define(): void {
    for (const name of this.first.inputs.keys()) {
      const own = this.options.isOwn(name);
      const [shared] = own ? [] : this.shards.slice(0, 1).map((shard) => this.input(shard, name, name));
      for (const [index, shard] of this.shards.entries()) {
        const value = shared ?? this.input(shard, name, shardInput(name, index));
        if (own) this.own.add(value);
        shard.values.set(shard.trace.inputs.get(name) ?? -1, value);
      }
    }
    for (const { trace, values } of this.shards) {
      for (const { name, value, kind } of trace.states) {
        const { shape, dtype } = valueInfo(trace, value);
        values.set(value, this.tracer.state(name, shape, dtype, kind));
      }
    }
  }

  private input({ trace }: Shard, name: string, as: string): Value {
    const { shape, dtype } = valueInfo(trace, trace.inputs.get(name) ?? -1);
    return this.tracer.input(as, shape, dtype);
  }

  private exchange(node: GraphNode, index: number): void {
    if (node.attrs.group !== this.options.group) {
      refuse(node, `exchanges values over group ${node.attrs.group}, whose members are processes`);
    }
    const own = this.shards
      .map((shard) => this.operandsAt(shard, index)[0])
      .filter((value): value is Value => value !== null && value !== undefined);
    const result = this.placing(node, this.shards[0], () =>
      node.op.effects.collective?.together(own, node.attrs, this.options.holding),
    );
    for (const { trace, values } of this.shards) {
      const [output = -1] = trace.nodes[index]?.outputs ?? [];
      if (result) values.set(output, result);
    }
  }

  private operandsAt({ trace, values }: Shard, index: number): (Value | null)[] {
    return (trace.nodes[index]?.inputs ?? []).map((id) => (id === null ? null : (values.get(id) ?? null)));
  }

  /** Emits a node for every shard, or once for those that share it. */
  private emit(index: number): void {
    const emitted: Emitted[] = [];
    for (const shard of this.shards) {
      const node = shard.trace.nodes[index];
      if (!node) continue;
      const inputs = this.operandsAt(shard, index);
      const known = emitted.find(
        (other) => sameOperands(other.inputs, inputs) && sameAttrs(other.attrs, node.attrs),
      );
      const made = known ?? this.emitOne(shard, node, inputs);
      if (!known) emitted.push(made);
      shard.nodes.set(node.id, made.id);
      for (const [place, id] of node.outputs.entries()) {
        const value = made.outputs[place];
        if (value) shard.values.set(id, value);
      }
    }
  }

  private emitOne(shard: Shard, node: GraphNode, inputs: readonly (Value | null)[]): Emitted {
    const kinds = node.outputs.map((id) => valueInfo(shard.trace, id).kind);
    const { op, attrs, rebuilds } = node;
    const own = inputs.some((input) => input !== null && this.own.has(input));
    if (own) checkUpdates(node, inputs);
    const outputs = this.placing(node, shard, () => this.tracer.emit(op, inputs, attrs, { kinds, rebuilds }));
    if (own) for (const output of outputs) this.own.add(output);
    return { id: this.nodes.at(-1)?.id ?? -1, attrs, inputs, outputs };
  }

  /** Gives the nodes that `body` emits the path, phase and origin of `node`. */
  private placing<T>({ path, phase, origin }: GraphNode, shard: Shard | undefined, body: () => T): T {
    const before = this.tracer.traced.length;
    const result = body();
    const moved = origin === undefined ? undefined : shard?.nodes.get(origin);
    const placed = this.tracer.traced.slice(before).map((node): GraphNode => {
      return { ...node, path, phase, ...(moved === undefined ? {} : { origin: moved }) };
    });
    this.nodes.push(...placed);
    return result;
  }

  private finish(): void {
    const { updates, outputs, nodes } = this.first;
    for (const [state, next] of updates) {
      const [from, to] = [this.shared(state), this.shared(next)];
      const writer = nodes.find((node) => node.outputs.includes(next)) ?? null;
      if (!from || !to) refuse(writer, 'updates a state from one shard of the batch');
      this.tracer.assign(from, to);
    }
    for (const [name, id] of outputs) {
      const value = this.shared(id);
      if (!value) refuse(null, `outputs ${name} of one shard of the batch`);
      this.tracer.output(name, value);
    }
  }

  /** The joined value for one of the first trace, if it is the same in all shards of all processes. */
  private shared(id: ValueId): Value | null {
    const [value, ...others] = this.shards.map(({ trace, values }) =>
      values.get(this.counterpart(trace, id)),
    );
    const same = value && !this.own.has(value) && others.every((other) => other === value);
    return same ? value : null;
  }

  /** The value of another trace that a value of the first one corresponds to. */
  private counterpart(trace: Graph, id: ValueId): ValueId {
    if (trace === this.first) return id;
    const index = this.first.nodes.findIndex((node) => node.outputs.includes(id));
    const place = this.first.nodes[index]?.outputs.indexOf(id) ?? -1;
    const state = this.first.states.findIndex(({ value }) => value === id);
    return trace.nodes[index]?.outputs[place] ?? trace.states[state]?.value ?? -1;
  }
}

function sameOperands(a: readonly (Value | null)[], b: readonly (Value | null)[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function sameAttrs(a: Attributes, b: Attributes): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Refuses the update of a state from one shard's samples. */
function checkUpdates(node: GraphNode, inputs: readonly (Value | null)[]): void {
  const updates = node.op.overwrites.some(
    ({ required, input }) => required && inputs[input]?.kind === 'state',
  );
  if (updates) refuse(node, 'updates a state from one shard of the batch');
}

function refuse(node: GraphNode | null, what: string): never {
  throw new UsageError(
    `${node?.path || 'the step'} ${what}, so its result would depend on the number of processes: use layers with statistics ` +
      'of the whole batch (InPlaceABNSync), or freeze their statistics, and sums over the group alone',
    { code: 'ERR_SHARDS' },
  );
}
