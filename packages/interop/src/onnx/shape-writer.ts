/** Writes sizes that depend on the inputs, as arithmetic on the shapes of existing values. */
import type { ValueId } from '@inplace-abn/core';
import type { OnnxAttributes } from './model/model.js';
import { isFixed, product, type Size, type Step, sameSize, stepBetween } from './model/sizes.js';
import type { Traces } from './traces.js';

/** The part of the graph writer that adds nodes. */
interface Nodes {
  add(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  ints(values: readonly number[]): string;
  once(key: string, make: () => string): string;
}

interface Named {
  readonly id: ValueId;
  readonly name: string;
}

/** A size as a product of sizes of one value, followed by a step. */
interface Source {
  readonly value: Named;
  readonly axes: readonly number[];
  readonly step: Step;
}

type Refuse = (reason: string) => never;

const SAME: Step = { times: 1, plus: 0, by: 1 };

export class ShapeWriter {
  private readonly values: Named[] = [];

  constructor(
    private readonly traces: Traces,
    private readonly nodes: Nodes,
  ) {}

  /** Adds a value that exists from now on. */
  define(id: ValueId, name: string): void {
    this.values.push({ id, name });
  }

  /** Declared sizes: numbers, and names for dynamic ones. */
  declared(name: string, shape: readonly Size[]): (number | string)[] {
    return shape.map((size, axis) => {
      if (isFixed(size)) return size[0] ?? 0;
      return this.inputAxis(size) ?? `${name}_${this.traces.nameOf(size) ?? axis}`;
    });
  }

  /** The name of an equal input size; for the first input the axis is enough. */
  private inputAxis(size: Size): string | null {
    const axis = this.traces.nameOf(size);
    const inputs = [...this.traces.first.inputs];
    const index = inputs.findIndex(([, id]) => this.traces.shape(id).some((own) => sameSize(own, size)));
    if (axis === null || index < 0) return null;
    return index === 0 ? axis : `${inputs[index]?.[0]}_${axis}`;
  }

  /** An int64 vector; values in `near` are searched first. */
  vector(sizes: readonly Size[], near: readonly ValueId[], refuse: Refuse): string {
    if (sizes.every(isFixed)) return this.nodes.ints(sizes.map((size) => size[0] ?? 0));
    const parts = sizes.map((size) => {
      if (isFixed(size)) return this.nodes.ints([size[0] ?? 0]);
      const source = this.sourceOf(size, near);
      return source
        ? this.written(source)
        : refuse(`has a size that does not follow from the inputs' (${size[0]} here)`);
    });
    const [only = ''] = parts;
    return parts.length === 1 ? only : this.nodes.add('Concat', parts, { axis: { int: 0 } });
  }

  /** The shape operand of Reshape, which can infer one size and copy sizes from its input. */
  reshape(from: readonly Size[], to: readonly Size[], near: readonly ValueId[], refuse: Refuse): string {
    const plain = to.map((size, axis) => {
      if (isFixed(size)) return size[0] ?? 0;
      const own = from[axis];
      return own && sameSize(own, size) ? 0 : -1;
    });
    // One size may be inferred; if it is the only dynamic one, no size has to be computed.
    const open = to.filter((size) => !isFixed(size));
    if (open.length === 1) return this.nodes.ints(to.map((size) => (isFixed(size) ? (size[0] ?? 0) : -1)));
    if (plain.filter((size) => size === -1).length <= 1) return this.nodes.ints(plain);
    return this.vector(to, near, refuse);
  }

  private sourceOf(size: Size, near: readonly ValueId[]): Source | null {
    const first = this.values.filter(({ id }) => near.includes(id));
    const inputs = new Set(this.traces.first.inputs.values());
    const given = this.values.filter(({ id }) => inputs.has(id));
    const all = [...first, ...given, ...[...this.values].reverse()];
    return (
      search(all, (value) => this.among(value, size, 1, (own) => (sameSize(own, size) ? SAME : null))) ??
      search([...first, ...given], (value) => this.among(value, size, 1, stepBetween)) ??
      search(all, (value) => this.among(value, size, 4, multiple))
    );
  }

  /** The first product of at most `most` sizes of `value` that leads to `size` by a step. */
  private among(
    value: Named,
    size: Size,
    most: number,
    step: (from: Size, to: Size) => Step | null,
  ): Source | null {
    const shape = this.traces.shape(value.id);
    for (const axes of subsets(shape.length, most)) {
      const from = product(axes.map((axis) => shape[axis] ?? []));
      const found = isFixed(from) ? null : step(from, size);
      if (found) return { value, axes, step: found };
    }
    return null;
  }

  private written({ value, axes, step }: Source): string {
    const sizes = axes.map((axis) => this.sizeOf(value.name, axis));
    const whole = sizes.reduce((all, size) => this.nodes.add('Mul', [all, size]));
    const { times, plus, by } = step;
    const scaled = times === 1 ? whole : this.nodes.add('Mul', [whole, this.nodes.ints([times])]);
    const moved = plus === 0 ? scaled : this.nodes.add('Add', [scaled, this.nodes.ints([plus])]);
    return by === 1 ? moved : this.nodes.add('Div', [moved, this.nodes.ints([by])]);
  }

  private sizeOf(value: string, axis: number): string {
    return this.nodes.once(`size ${axis} of ${value}`, () =>
      this.nodes.add('Shape', [value], { start: { int: axis }, end: { int: axis + 1 } }),
    );
  }
}

function search<T, R>(items: readonly T[], find: (item: T) => R | null): R | null {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return null;
}

function multiple(from: Size, to: Size): Step | null {
  const times = (to[0] ?? Number.NaN) / (from[0] ?? Number.NaN);
  if (!Number.isInteger(times) || times < 1) return null;
  return sameSize(
    to,
    from.map((value) => value * times),
  )
    ? { times, plus: 0, by: 1 }
    : null;
}

/** Sets of at most `most` axes, smaller sets first. */
function subsets(rank: number, most: number): number[][] {
  const all = Array.from({ length: 2 ** rank - 1 }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => axis).filter((axis) => ((bits + 1) >> axis) & 1),
  );
  return all.filter((axes) => axes.length <= most).sort((a, b) => a.length - b.length);
}
