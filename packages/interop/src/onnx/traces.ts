/**
 * Traces a network at several sizes of its inputs. Attributes that differ between traces are those that the
 * network computes from shapes. A network whose graph depends on the size is refused.
 */
import {
  type Attributes,
  dim,
  type Graph,
  type GraphNode,
  nodeAt,
  type TensorType,
  UsageError,
  type ValueId,
  valueInfo,
} from '@inplace-abn/core';
import type { Size } from './model/sizes.js';

/** Axes of the inputs that can have dynamic sizes. */
export const DYNAMIC_AXES = ['batch', 'height', 'width'] as const;
/** An axis with a dynamic size. */
export type DynamicAxis = (typeof DYNAMIC_AXES)[number];

const AXIS: Readonly<Record<DynamicAxis, number>> = { batch: 0, height: 2, width: 3 };

export type InputTypes = ReadonlyMap<string, TensorType>;

/** A trace at another size along some axes. */
interface Probe {
  readonly axes: readonly DynamicAxis[];
  readonly graph: Graph;
}

export class Traces {
  readonly graphs: readonly Graph[];

  constructor(
    readonly first: Graph,
    private readonly probes: readonly Probe[],
  ) {
    this.graphs = [first, ...probes.map(({ graph }) => graph)];
  }

  /** The axes whose sizes differ. */
  get axes(): DynamicAxis[] {
    return DYNAMIC_AXES.filter((axis) => this.probes.some(({ axes }) => axes.includes(axis)));
  }

  /** Sizes of a value along each axis. */
  shape(id: ValueId): readonly Size[] {
    return valueInfo(this.first, id).shape.map((_, axis) =>
      this.graphs.map((graph) => dim(valueInfo(graph, id).shape, axis)),
    );
  }

  /** The attributes of the node at `position` in every trace. */
  attributes(position: number): readonly Attributes[] {
    return this.graphs.map((graph) => graph.nodes[position]?.attrs ?? {});
  }

  /** The axes that an attribute of the node at `position` depends on; none if it is fixed. */
  axesOf(position: number, key: string): DynamicAxis[] {
    const told = (graph: Graph) => JSON.stringify(graph.nodes[position]?.attrs[key]);
    const fixed = told(this.first);
    const other = this.probes.filter(({ graph }) => told(graph) !== fixed);
    const alone = other.filter(({ axes }) => axes.length === 1);
    return [...new Set((alone.length > 0 ? alone : other).flatMap(({ axes }) => axes))];
  }

  /** The only axis that a size depends on; null for a fixed size, or if there are several. */
  nameOf(size: Size): DynamicAxis | null {
    const alone = (axis: DynamicAxis) =>
      this.probes.some(({ axes }, index) => {
        return axes.length === 1 && axes[0] === axis && size[index + 1] !== size[0];
      });
    const [axis, ...others] = DYNAMIC_AXES.filter(alone);
    return axis !== undefined && others.length === 0 ? axis : null;
  }
}

/** The heights and widths that a model must support, besides those of the example. */
export interface SizeRange {
  /** Smallest size in pixels. Default 1. */
  readonly from?: number;
  /** Largest size in pixels. Default: any. */
  readonly to?: number;
  /** Step between sizes in pixels; default 1. */
  readonly step?: number;
}

/**
 * Sizes to try: multiples of the example's, which most networks support, and some that become odd after few
 * or many halvings.
 */
const FACTORS = [2, 3, 5, 16];
const STEPS = [1, 2, 4, 8, 16, 5, 31];
/** Number of traces with different sizes that make an axis count as dynamic. */
const LEAST = 2;

/**
 * Traces a network at the sizes of `inputs`, and at other sizes along dynamic axes.
 *
 * @throws UsageError, code ERR_NOT_DYNAMIC, for an axis that no input has, or along which the network
 *   supports only one size or has another graph
 */
export function traced(
  trace: (inputs: InputTypes) => Graph,
  inputs: InputTypes,
  dynamic: readonly DynamicAxis[],
  range: SizeRange = {},
): Traces {
  const first = trace(inputs);
  const probing = new Probing(trace, first, inputs, range);
  // First one axis at a time, so that an error names it.
  const alone = dynamic.flatMap((axis) => probing.along([axis], LEAST));
  const together = dynamic.length > 0 ? probing.along(dynamic, Number.POSITIVE_INFINITY) : [];
  return new Traces(first, [...alone, ...together]);
}

class Probing {
  constructor(
    private readonly trace: (inputs: InputTypes) => Graph,
    private readonly first: Graph,
    private readonly inputs: InputTypes,
    private readonly range: SizeRange,
  ) {}

  /** At most `most` traces at other sizes along `axes`. */
  along(axes: readonly DynamicAxis[], most: number): Probe[] {
    const probes: Probe[] = [];
    let refusal = 'there are none in the range';
    for (const types of this.others(axes)) {
      if (probes.length >= most) break;
      const graph = attempted(() => this.trace(types));
      if (typeof graph === 'string') {
        if (probes.length === 0) refusal = `at ${describe(types)} ${graph}`;
        continue;
      }
      const other = firstDifference(this.first, graph);
      if (other) {
        throw notDynamic(
          axes,
          `the network differs between ${describe(types)} and ${describe(this.inputs)}, first in ${other}`,
        );
      }
      probes.push({ axes, graph });
    }
    if (probes.length >= LEAST) return probes;
    throw notDynamic(axes, `the network takes ${describe(this.inputs)} and no other sizes: ${refusal}`);
  }

  /** Inputs of other sizes, different along each of several axes. */
  private *others(axes: readonly DynamicAxis[]): Generator<InputTypes> {
    const missing = axes.find((axis) => ![...this.inputs.values()].some(({ shape }) => has(shape, axis)));
    if (missing) throw notDynamic([missing], `the network takes ${describe(this.inputs)}, which has none`);
    for (let index = 0; index < FACTORS.length + STEPS.length; index++) {
      yield new Map(
        [...this.inputs].map(([name, { shape, dtype }]): [string, TensorType] => {
          const sizes = shape.map((size, place) => {
            const axis = axes.find((other) => AXIS[other] === place && has(shape, other));
            return axis ? this.otherSize(size, axis, index) : size;
          });
          return [name, { shape: sizes, dtype }];
        }),
      );
    }
  }

  private otherSize(size: number, axis: DynamicAxis, index: number): number {
    const { from = 1, to = Number.POSITIVE_INFINITY, step = 1 } = axis === 'batch' ? {} : this.range;
    const ends = [from, to].filter((end) => Number.isFinite(end));
    const tried = [...FACTORS.map((factor) => factor * size), ...STEPS.map((steps) => size + steps * step)];
    const allowed = [
      ...tried,
      ...(from > 1 || to < Number.POSITIVE_INFINITY ? ends : []),
      size - step,
    ].filter((other) => other !== size && other >= from && other <= to && (other - size) % step === 0);
    return allowed[(index + AXIS[axis]) % allowed.length] ?? size;
  }
}

/** The graph, or the reason why tracing failed. */
function attempted(trace: () => Graph): Graph | string {
  try {
    return trace();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function has(shape: readonly number[], axis: DynamicAxis): boolean {
  return AXIS[axis] < shape.length && (axis === 'batch' || shape.length === 4);
}

/** The first node that differs, as text; null if the graphs differ only in sizes. */
function firstDifference(a: Graph, b: Graph): string | null {
  const shape = ({ op, inputs, outputs, path, attrs }: GraphNode) =>
    JSON.stringify([op.name, inputs, outputs, path, Object.keys(attrs)]);
  const found = a.nodes.find((node, index) => {
    const other = b.nodes[index];
    return !other || other.op !== node.op || shape(other) !== shape(node);
  });
  if (found) return nodeAt(found);
  const more = b.nodes[a.nodes.length];
  return more ? nodeAt(more) : null;
}

function describe(inputs: InputTypes): string {
  return [...inputs.values()].map(({ shape }) => shape.join('×')).join(' and ');
}

/** The error for an axis that cannot be dynamic. */
export function notDynamic(axes: readonly DynamicAxis[], reason: string): UsageError {
  const names = axes.length > 1 ? `${axes.slice(0, -1).join(', ')} and ${axes.at(-1)}` : axes.join();
  return new UsageError(`${names} cannot be dynamic: ${reason}`, { code: 'ERR_NOT_DYNAMIC' });
}
