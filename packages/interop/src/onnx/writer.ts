/** Writes a traced graph as a model, node by node, with the rules of their ops. */
import {
  type Attributes,
  type GraphNode,
  type HostTensor,
  isRowMajor,
  nodeAt,
  operandAt,
  type Shape,
  UsageError,
  type ValueId,
  valueInfo,
} from '@inplace-abn/core';
import { Constants } from './constants.js';
import type { OnnxAttributes, OnnxNode, OnnxSignal, OnnxTensor } from './model/model.js';
import type { Constant, OnnxRule, RuleContext } from './model/rule.js';
import type { Size } from './model/sizes.js';
import { Names } from './names.js';
import { RULES } from './rules/index.js';
import { ShapeWriter } from './shape-writer.js';
import { notDynamic, type Traces } from './traces.js';

export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  private readonly names = new Names();
  private readonly values = new Map<ValueId, string>();
  private readonly constants: Constants;
  private readonly written = new Map<string, string>();
  private readonly shapes: ShapeWriter;
  /** Prefix for the names of new nodes: the path of the current node. */
  private scope = '';

  constructor(
    readonly traces: Traces,
    states: ReadonlyMap<string, HostTensor>,
  ) {
    const { first } = traces;
    this.constants = new Constants(first, states, (node, position) => {
      return Object.keys(node.attrs).some((key) => traces.axesOf(position, key).length > 0);
    });
    this.shapes = new ShapeWriter(traces, this);
    for (const name of [...first.inputs.keys(), ...first.outputs.keys()]) this.names.of(name);
  }

  /** Names the value `id`. */
  define(id: ValueId, name: string): void {
    this.values.set(id, name);
    this.shapes.define(id, name);
  }

  /** Writes all nodes except those with known values. */
  writeNodes(): void {
    this.traces.first.nodes.forEach((node, position) => {
      if (node.outputs.every((id) => this.constants.has(id))) return;
      this.scope = node.path;
      const context = new NodeContext(this, node, position);
      const names = [context.rule.write(context)].flat();
      names.forEach((name, index) => {
        const id = node.outputs[index];
        if (id !== undefined) this.define(id, name);
      });
    });
    this.scope = '';
  }

  /** Names the graph's outputs; copies a value that already has a name. */
  nameOutputs(): OnnxSignal[] {
    const given = new Map<string, string>();
    const made = new Set(this.nodes.flatMap(({ outputs }) => outputs));
    const { first } = this.traces;
    for (const [name, id] of first.outputs) {
      const value = this.value(id, true);
      if (made.has(value) && !given.has(value)) given.set(value, name);
      else this.nodes.push({ name, type: 'Identity', inputs: [value], outputs: [name], attributes: {} });
    }
    const renamed = (name: string) => given.get(name) ?? name;
    this.nodes.forEach((node, index) => {
      this.nodes[index] = {
        ...node,
        inputs: node.inputs.map(renamed),
        outputs: node.outputs.map(renamed),
      };
    });
    return [...first.outputs].map(([name, id]) => this.signal(name, id));
  }

  /** The declaration of the value `id` under `name`. */
  signal(name: string, id: ValueId): OnnxSignal {
    const { dtype } = valueInfo(this.traces.first, id);
    return { name, dtype, shape: this.shapes.declared(name, this.traces.shape(id)) };
  }

  /** The name of a value. Writes a known value as a tensor. `asImages`: see Constants. */
  value(id: ValueId, asImages: boolean): string {
    const known = this.values.get(id);
    if (known !== undefined) return known;
    if (!this.constants.has(id)) throw new RangeError(`%${id} is read before it is written`);
    const { shape, dtype } = valueInfo(this.traces.first, id);
    const moved = asImages && !isRowMajor(shape);
    const key = `${id} ${moved}`;
    const name = this.written.get(key);
    if (name !== undefined) return name;
    const fresh = this.constants.nameOf(id) ?? `${this.scope ? `${this.scope}.` : ''}constant`;
    return this.remember(key, this.tensor(fresh, { dtype, shape }, this.constants.bytes(id, asImages)));
  }

  constant(id: ValueId): Constant | null {
    return this.constants.has(id) ? this.constants.content(id) : null;
  }

  /** Adds a node; returns the name of its output. */
  add(type: string, inputs: readonly string[], attributes: OnnxAttributes = {}): string {
    const name = this.names.of(this.scope ? `${this.scope}/${type}` : type);
    this.nodes.push({ name, type, inputs, outputs: [name], attributes });
    return name;
  }

  /** Adds a tensor under the path of the current node. */
  floats(name: string, shape: Shape, data: ArrayLike<number>): string {
    const { buffer } = Float32Array.from(data);
    return this.tensor(
      this.scope ? `${this.scope}.${name}` : name,
      { dtype: 'float32', shape },
      new Uint8Array(buffer),
    );
  }

  scalar(value: number): string {
    return this.once(`number ${value}`, () =>
      this.tensor(
        String(value),
        { dtype: 'float32', shape: [] },
        new Uint8Array(Float32Array.of(value).buffer),
      ),
    );
  }

  ints(values: readonly number[]): string {
    return this.once(`ints ${values}`, () => {
      const { buffer } = BigInt64Array.from(values, BigInt);
      return this.tensor(`[${values}]`, { dtype: 'int64', shape: [values.length] }, new Uint8Array(buffer));
    });
  }

  shapeOf(sizes: readonly Size[], near: readonly ValueId[], refuse: (reason: string) => never): string {
    return this.shapes.vector(sizes, near, refuse);
  }

  reshape(
    from: readonly Size[],
    to: readonly Size[],
    near: readonly ValueId[],
    refuse: (reason: string) => never,
  ): string {
    return this.shapes.reshape(from, to, near, refuse);
  }

  /** The name from the first call of `make`. */
  once(key: string, make: () => string): string {
    return this.written.get(key) ?? this.remember(key, make());
  }

  private remember(key: string, name: string): string {
    this.written.set(key, name);
    return name;
  }

  private tensor(
    name: string,
    { dtype, shape }: Pick<OnnxTensor, 'dtype' | 'shape'>,
    bytes: Uint8Array,
  ): string {
    const unique = this.names.of(name);
    this.tensors.push({ name: unique, dtype, shape, bytes });
    return unique;
  }
}

class NodeContext implements RuleContext<Attributes> {
  readonly rule: OnnxRule;
  readonly attrs: Attributes;

  constructor(
    private readonly writer: GraphWriter,
    private readonly node: GraphNode,
    private readonly position: number,
  ) {
    const rule = RULES.get(node.op);
    if (!rule) {
      throw new UsageError(`${nodeAt(node)} cannot be written as ONNX: there is no rule for the op`, {
        code: 'ERR_NO_ONNX_FORM',
      });
    }
    this.rule = rule;
    this.attrs = node.attrs;
    const { traces } = writer;
    for (const key of Object.keys(node.attrs)) {
      const axes = rule.dynamic.includes(key) ? [] : traces.axesOf(position, key);
      if (axes.length === 0) continue;
      throw notDynamic(axes, `${nodeAt(node)} has another ${key} at other sizes (${node.attrs[key]} here)`);
    }
  }

  get inputs(): string[] {
    return this.node.inputs.flatMap((id, index) => (id === null ? [] : [this.input(index)]));
  }

  has(index: number): boolean {
    return (this.node.inputs[index] ?? null) !== null;
  }

  input(index: number): string {
    const id = this.id(index);
    const operand = operandAt(this.node.op.inputs, index);
    const asImages = operand?.kind === 'data';
    const weight = !asImages && this.writer.constant(id) === null;
    if (weight && !isRowMajor(valueInfo(this.writer.traces.first, id).shape)) {
      return this.refuse(`its ${operand?.name ?? 'weight'} is computed from the input`);
    }
    return this.writer.value(id, asImages);
  }

  shape(index: number): readonly Size[] {
    return this.writer.traces.shape(this.id(index));
  }

  get outputShape(): readonly Size[] {
    return this.writer.traces.shape(this.node.outputs[0] ?? -1);
  }

  constant(index: number): Constant | null {
    return this.writer.constant(this.id(index));
  }

  sizes(key: string): readonly Size[] {
    const all = this.writer.traces.attributes(this.position).map((attrs) => [attrs[key]].flat().map(Number));
    return (all[0] ?? []).map((_, place) => all.map((values) => values[place] ?? Number.NaN));
  }

  add(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string {
    return this.writer.add(type, inputs, attributes);
  }

  floats(name: string, shape: Shape, data: ArrayLike<number>): string {
    return this.writer.floats(name, shape, data);
  }

  scalar(value: number): string {
    return this.writer.scalar(value);
  }

  ints(values: readonly number[]): string {
    return this.writer.ints(values);
  }

  shapeOf(sizes: readonly Size[]): string {
    const near = this.node.inputs.filter((id) => id !== null);
    return this.writer.shapeOf(sizes, near, (reason) => this.notDynamic(reason));
  }

  reshaped(x: string, from: readonly Size[], to: readonly Size[]): string {
    const near = this.node.inputs.filter((id) => id !== null);
    const shape = this.writer.reshape(from, to, near, (reason) => this.notDynamic(reason));
    return this.add('Reshape', [x, shape]);
  }

  refuse(reason: string): never {
    throw new UsageError(`${nodeAt(this.node)} cannot be written as ONNX: ${reason}`, {
      code: 'ERR_NO_ONNX_FORM',
    });
  }

  private notDynamic(reason: string): never {
    throw notDynamic(this.writer.traces.axes, `${nodeAt(this.node)} ${reason}`);
  }

  private id(index: number): ValueId {
    const id = this.node.inputs[index] ?? null;
    if (id === null) throw new RangeError(`${nodeAt(this.node)} has no operand ${index}`);
    return id;
  }
}
