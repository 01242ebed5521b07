/**
 * Tracing: functions of symbolic values append nodes to a graph. (After jax-js, except that ops find the
 * tracer through their operands, so model code needs no context argument.)
 */

import {
  byteLength,
  type DType,
  formatType,
  type Shape,
  sameShape,
  type TensorType,
} from '@inplace-abn/tensor';
import { described, ShapeError, UsageError } from '../errors.js';
import type { Attributes, OpDefinition, Overwrite } from './define.js';
import type {
  Graph,
  GraphNode,
  Phase,
  StateInfo,
  StateKind,
  ValueId,
  ValueInfo,
  ValueKind,
} from './graph.js';
import { inferTypes } from './infer.js';
import { Value } from './value.js';

/** How {@link Tracer.emit} marks a node and its outputs. */
export interface EmitOptions {
  /** Memory category of each output; default `activation`. */
  readonly kinds?: readonly ValueKind[];
  /** True if the node rebuilds a forward value by inversion or recompute. */
  readonly rebuilds?: boolean;
}

/** User space gets half of the 48-bit address space of today's CPUs. */
const MOST_BYTES = 2 ** 47;

/** Attributes that new nodes inherit. */
interface Scope {
  readonly path: string;
  readonly phase: Phase;
  readonly origin?: number;
}

/** Records ops as nodes of a graph while a function of values runs. */
export class Tracer {
  private readonly values = new Map<ValueId, Value>();
  private readonly infos = new Map<ValueId, ValueInfo>();
  private readonly inputs = new Map<string, ValueId>();
  private readonly states = new Map<string, StateInfo>();
  private readonly outputs = new Map<string, ValueId>();
  private readonly updates = new Map<ValueId, ValueId>();
  private nodes: GraphNode[] = [];
  private scope: Scope = { path: '', phase: 'forward' };
  private nextValue = 0;
  private nextNode = 0;
  private nextStream = 0;

  /** Continues tracing from `graph`, for passes that append nodes. */
  static of(graph: Graph): Tracer {
    const tracer = new Tracer();
    for (const info of graph.values.values()) tracer.adopt(info);
    for (const [name, id] of graph.inputs) tracer.inputs.set(name, id);
    for (const state of graph.states) tracer.states.set(state.name, state);
    for (const [name, id] of graph.outputs) tracer.outputs.set(name, id);
    for (const [state, id] of graph.updates) tracer.updates.set(state, id);
    tracer.nodes = [...graph.nodes];
    tracer.nextNode = graph.nodes.reduce((next, node) => Math.max(next, node.id + 1), 0);
    return tracer;
  }

  private adopt<D extends DType>(info: ValueInfo<D>): Value<D> {
    const value = new Value(this, info);
    this.infos.set(info.id, info);
    this.values.set(info.id, value);
    this.nextValue = Math.max(this.nextValue, info.id + 1);
    return value;
  }

  private define<D extends DType>(
    type: TensorType<D>,
    kind: ValueKind,
    what = this.scope.path || '(top)',
  ): Value<D> {
    const bytes = byteLength(type);
    if (bytes > MOST_BYTES) {
      throw new ShapeError(
        `${what}: ${formatType(type)} takes ${(bytes / 1e12).toPrecision(3)} TB, more than a program can address: ` +
          'use fewer channels, smaller images or smaller batches',
      );
    }
    return this.adopt({ id: this.nextValue, shape: [...type.shape], dtype: type.dtype, kind });
  }

  /**
   * The value with this id.
   *
   * @throws RangeError if the trace has none
   */
  value(id: ValueId): Value {
    const value = this.values.get(id);
    if (!value) throw new RangeError(`no value %${id} in this trace`);
    return value;
  }

  /** Nodes emitted so far. */
  get traced(): readonly GraphNode[] {
    return this.nodes;
  }

  /**
   * A tensor that the host passes in at every run.
   *
   * @throws UsageError for a name that is defined already
   */
  input<D extends DType>(name: string, shape: Shape, dtype: D): Value<D> {
    if (this.inputs.has(name)) throw new UsageError(`input ${name} is defined twice`);
    const value = this.define({ shape, dtype }, 'input', name);
    this.inputs.set(name, value.id);
    return value;
  }

  /**
   * A tensor that lives in the store under `name` between runs. Repeated calls with the same name return the
   * same value.
   *
   * @throws UsageError, code ERR_NAME_TAKEN, if the state has another shape or dtype
   */
  state<D extends DType>(name: string, shape: Shape, dtype: D, kind: StateKind): Value<D> {
    const known = this.states.get(name);
    if (known) {
      const value = this.value(known.value);
      if (sameShape(value.shape, shape) && value.is(dtype)) return value;
      throw new UsageError(
        `state ${name} is used as ${formatType({ shape, dtype })} and as ${formatType(value)}: two modules share its name`,
        { code: 'ERR_NAME_TAKEN' },
      );
    }
    const value = this.define({ shape, dtype }, 'state', name);
    this.states.set(name, { name, value: value.id, kind });
    return value;
  }

  /**
   * Returns `value` if it belongs to this trace. In another trace its id means something else.
   *
   * @throws UsageError, code ERR_OTHER_TRACE, if the value belongs to another trace
   */
  own<D extends DType>(value: Value<D>): Value<D> {
    if (value.tracer === this) return value;
    throw new UsageError(
      `${this.scope.path || '(top)'}: ${value} belongs to another trace: a value is only valid in the trace that created it; pass it as an input, or keep it as a state`,
      { code: 'ERR_OTHER_TRACE' },
    );
  }

  /**
   * Makes `next` the content of `state` after the step. `next` must be the result of an in-place update of
   * `state` (sgd, adam, abn_running, accumulate).
   *
   * @throws UsageError if `next` does not update the state in place; code ERR_UPDATED_TWICE for a second
   *   update; code ERR_OTHER_TRACE for a value of another trace
   */
  assign(state: Value, next: Value): void {
    this.own(state);
    this.own(next);
    if (state.kind !== 'state')
      throw new UsageError(`only a state can be assigned, but ${state} is not a state`);
    if (this.updates.has(state.id)) {
      throw new UsageError(
        `state ${this.stateName(state)} is updated twice in one step: a layer with running statistics can be called only once per step`,
        { code: 'ERR_UPDATED_TWICE' },
      );
    }
    const writer = this.nodes.findLast((node) => node.outputs.includes(next.id));
    const updates = (rule: Overwrite): boolean =>
      rule.required === true &&
      writer?.outputs[rule.output] === next.id &&
      writer.inputs[rule.input] === state.id;
    if (!writer?.op.overwrites.some(updates)) {
      throw new UsageError(
        `state ${this.stateName(state)} cannot be assigned ${next}: it is not the result of updating that state in place (sgd, adam, abn_running)`,
      );
    }
    this.updates.set(state.id, next.id);
  }

  /** The content of a state after the step, as traced so far: the assigned value, or the state itself. */
  current(state: Value): Value {
    const id = this.updates.get(this.own(state).id);
    return id === undefined ? state : this.value(id);
  }

  /** Name of the state if the value is one; otherwise undefined. */
  stateName(value: Value): string | undefined {
    this.own(value);
    for (const state of this.states.values()) if (state.value === value.id) return state.name;
    return undefined;
  }

  /** Makes a value an output of the graph, fetched at every run. */
  output(name: string, value: Value): void {
    this.outputs.set(name, this.own(value).id);
  }

  /** Runs `body` with `name` appended to the module path. */
  within<T>(name: string, body: () => T): T {
    const path = this.scope.path ? `${this.scope.path}.${name}` : name;
    return this.scoped({ ...this.scope, path }, body);
  }

  /**
   * Runs `body`, marking its nodes with `phase`, the path of `origin`, and `origin` as the node they
   * differentiate.
   */
  during<T>(phase: Phase, origin: GraphNode | null, body: () => T): T {
    const scope = origin ? { phase, path: origin.path, origin: origin.id } : { phase, path: this.scope.path };
    return this.scoped(scope, body);
  }

  private scoped<T>(scope: Scope, body: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    try {
      return body();
    } finally {
      this.scope = outer;
    }
  }

  /** Path of the module that is being called, such as `mod2.block1`; empty outside of modules. */
  get path(): string {
    return this.scope.path;
  }

  /** A number unique to each random draw of a step. */
  randomStream(): number {
    return this.nextStream++;
  }

  /** Runs a check of the operands of `op`, prefixing any ShapeError with the module path. */
  checking<T>(op: string, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw new ShapeError(`${this.scope.path || '(top)'}: ${op}: ${error.message}`);
    }
  }

  /**
   * Adds a node of `op` and returns its outputs in order.
   *
   * @param inputs operands; null for an optional one that is left out
   * @throws ShapeError, with the module path, if the op refuses the operands or an output is too large
   * @throws UsageError, code ERR_OTHER_TRACE, for an operand of another trace
   */
  emit<A extends Attributes>(
    op: OpDefinition<A>,
    inputs: readonly (Value | null)[],
    attrs: NoInfer<A>,
    options: EmitOptions = {},
  ): Value[] {
    for (const input of inputs) if (input) this.own(input);
    const types = this.checking(op.name, () => inferTypes(op, inputs, attrs));
    const outputs = types.map((type, index) => this.define(type, options.kinds?.[index] ?? 'activation'));
    this.nodes.push({
      id: this.nextNode++,
      op,
      attrs,
      inputs: inputs.map((input) => input?.id ?? null),
      outputs: outputs.map((output) => output.id),
      path: this.scope.path,
      phase: this.scope.phase,
      ...(this.scope.origin === undefined ? {} : { origin: this.scope.origin }),
      ...(options.rebuilds ? { rebuilds: true } : {}),
    });
    return outputs;
  }

  /** Changes the memory category of `value`: a parameter's gradient does not count as an activation. */
  retag<D extends DType>(value: Value<D>, kind: ValueKind): Value<D> {
    const { id, shape, dtype } = this.own(value);
    return this.adopt({ id, shape, dtype, kind });
  }

  /** The graph recorded so far. */
  finish(): Graph {
    return {
      values: new Map(this.infos),
      inputs: new Map(this.inputs),
      states: [...this.states.values()],
      nodes: [...this.nodes],
      outputs: new Map(this.outputs),
      updates: new Map(this.updates),
    };
  }
}

/** The dtypes of a graph's outputs by name, from the type of the traced function's result. */
export type OutputsOf<R extends Readonly<Record<string, Value>>> = {
  readonly [K in keyof R]: NonNullable<R[K]> extends Value<infer D> ? D : never;
};

/**
 * Traces `body` into a graph. The record that it returns names the graph's outputs and gives their dtypes: a
 * program returns `{ loss: Float32Array }` for `{ loss: Value<'float32'> }`.
 *
 * @throws UsageError if `body` is not a function, or does not return values by name
 */
export function trace<R extends Readonly<Record<string, Value>>>(
  body: (tracer: Tracer) => R,
): Graph<OutputsOf<R>> {
  if (typeof body !== 'function') {
    throw new UsageError(
      `trace: expected a function that returns values by name but received ${described(body)}`,
    );
  }
  const tracer = new Tracer();
  const outputs = body(tracer);
  checkOutputs(outputs);
  for (const [name, value] of Object.entries(outputs)) tracer.output(name, value);
  const graph = tracer.finish();
  if (returns(graph, outputs)) return graph;
  throw new RangeError('the trace lost an output');
}

/** Checks at run time what JavaScript callers cannot check at compile time. */
function checkOutputs(outputs: unknown): void {
  const named = typeof outputs === 'object' && outputs !== null && !(outputs instanceof Value);
  if (named && Object.values(outputs).every((value) => value instanceof Value)) return;
  throw new UsageError(
    `trace: expected the function to return values by name, such as { loss }, but received ${described(outputs)}`,
  );
}

function returns<R extends Readonly<Record<string, Value>>>(
  graph: Graph,
  outputs: R,
): graph is Graph<OutputsOf<R>> {
  return Object.entries(outputs).every(([name, { id }]) => graph.outputs.get(name) === id);
}
