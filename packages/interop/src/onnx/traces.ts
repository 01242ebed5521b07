/**
 * A network traced at several sizes of its inputs. Attributes that differ between the traces are ones that
 * the network computes from shapes. A network that does other things at other sizes has more than one graph,
 * and is refused.
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

/** Axes of the inputs whose size may differ from run to run. */
export const DYNAMIC_AXES = ['batch', 'height', 'width'] as const;
/** An axis whose size may differ from run to run. */
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

  /** The axes along which sizes differ. */
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

  /** The axes on which an attribute of the node at `position` depends; none where it is fixed. */
  axesOf(position: number, key: string): DynamicAxis[] {
    const told = (graph: Graph) => JSON.stringify(graph.nodes[position]?.attrs[key]);
    const fixed = told(this.first);
    const other = this.probes.filter(({ graph }) => told(graph) !== fixed);
    const alone = other.filter(({ axes }) => axes.length === 1);
    return [...new Set((alone.length > 0 ? alone : other).flatMap(({ axes }) => axes))];
  }

  /** The one axis that a size follows from; null for a fixed size, and where there are several. */
  nameOf(size: Size): DynamicAxis | null {
    const alone = (axis: DynamicAxis) =>
      this.probes.some(({ axes }, index) => {
        return axes.length === 1 && axes[0] === axis && size[index + 1] !== size[0];
      });
    const [axis, ...others] = DYNAMIC_AXES.filter(alone);
    return axis !== undefined && others.length === 0 ? axis : null;
  }
}

/** The heights and widths that a model is to take, other than those of the example. */
export interface SizeRange {
  /** Smallest size in pixels. Default 1. */
  readonly from?: number;
  /** Largest size in pixels. Default: any. */
  readonly to?: number;
  /** Pixels from one size to the next; default 1. */
  readonly step?: number;
}

/**
 * Sizes that are tried: multiples of the example's, which most networks take, and some that are odd after few
 * or many halvings.
 */
const FACTORS = [2, 3, 5, 16];
const STEPS = [1, 2, 4, 8, 16, 5, 31];
/** Traces that must differ from the first along an axis before its size counts as free. */
const LEAST = 2;

/**
 * Traces a network at the sizes of `inputs`, and at others along the axes that are dynamic.
 *
 * @throws UsageError, code ERR_NOT_DYNAMIC, for an axis that no input has, or along which the network takes
 *   one size alone or does something else
 */
export function traced(
  trace: (inputs: InputTypes) => Graph,
  inputs: InputTypes,
  dynamic: readonly DynamicAxis[],
  range: SizeRange = {},
): Traces {
  const first = trace(inputs);
  const probing = new Probing(trace, first, inputs, range);
  // One by one first, so that a refusal names its axis.
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

  /** Traces at other sizes along `axes`, at most `most` of them. */
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

  /** Inputs of other sizes; along each of several axes another one. */
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

/** The graph, or why there is none. */
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

/** The first node that is another one, as text; null where the graphs differ in sizes alone. */
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

/** An axis that cannot be dynamic. */
export function notDynamic(axes: readonly DynamicAxis[], reason: string): UsageError {
  const names = axes.length > 1 ? `${axes.slice(0, -1).join(', ')} and ${axes.at(-1)}` : axes.join();
  return new UsageError(`${names} cannot be dynamic: ${reason}`, { code: 'ERR_NOT_DYNAMIC' });
}
