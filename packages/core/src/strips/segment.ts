/**
 * Segments of an inference graph that can be computed in strips of rows: all nodes between two values that
 * every path passes through. Each op states which input rows its output rows depend on (`rows` in its
 * definition).
 */
import { dim, isDataDType } from '@inplace-abn/tensor';
import { constantsOf, isConstant } from '../ir/constants.js';
import type { RowWindow } from '../ir/define.js';
import { type Graph, type GraphNode, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { nodeContext } from '../ir/infer.js';
import { SAME_ROW } from '../ops/support/row-windows.js';

/** Half-open interval of rows. */
export interface Rows {
  readonly begin: number;
  readonly end: number;
}

/** A node of a segment, with the rows it reads of operands inside the segment. */
export interface RowNode {
  readonly node: GraphNode;
  readonly output: ValueId;
  readonly reads: readonly { readonly value: ValueId; readonly window: RowWindow }[];
}

export interface Segment {
  /** The only image value that the segment reads, and the only one that it produces; both N×C×H×W. */
  readonly input: ValueId;
  readonly output: ValueId;
  readonly nodes: readonly RowNode[];
  /** Input rows per row of each value. */
  readonly reduction: ReadonlyMap<ValueId, number>;
  /** Strips of the input begin and end at multiples of this many rows, or at the border. */
  readonly unit: number;
  /** False if some op cannot be split by rows, so the segment always runs whole. */
  readonly divisible: boolean;
  readonly heights: ReadonlyMap<ValueId, number>;
}

/**
 * A position in the node list where exactly one image value is live, on which everything after it depends.
 */
export interface Cut {
  readonly value: ValueId;
  /** Number of nodes before it. */
  readonly position: number;
}

/** A graph with indexes for the segment search. */
export class Flow {
  private readonly dependent: ReadonlySet<GraphNode>;
  private readonly read: ReadonlySet<ValueId>;

  constructor(readonly graph: Graph) {
    const constants = constantsOf(graph);
    this.dependent = new Set(graph.nodes.filter((node) => !node.rebuilds && !isConstant(node, constants)));
    this.read = new Set(graph.nodes.flatMap(operands));
  }

  /**
   * True if a node depends on the images. Other nodes depend only on states; their results are kept between
   * runs or recomputed.
   */
  has(node: GraphNode): boolean {
    return this.dependent.has(node);
  }

  /** The nodes between two cuts that depend on the images. */
  between(from: Cut, to: Cut): GraphNode[] {
    return this.graph.nodes.slice(from.position, to.position).filter((node) => this.has(node));
  }

  /** True if any node reads the value. */
  reads(id: ValueId): boolean {
    return this.read.has(id);
  }
}

/** The cuts of a forward graph, in order. */
export function cutsOf(flow: Flow): Cut[] {
  const { graph } = flow;
  const lastRead = new Map<ValueId, number>();
  graph.nodes.forEach((node, position) => {
    for (const id of operands(node)) lastRead.set(id, position);
  });
  for (const id of graph.outputs.values()) lastRead.set(id, graph.nodes.length);
  const crossing = new Set<ValueId>([...graph.inputs.values()].filter((id) => lastRead.has(id)));
  const cuts: Cut[] = [];
  const look = (position: number): void => {
    const [value] = crossing;
    if (crossing.size === 1 && value !== undefined && isImages(graph, value)) cuts.push({ value, position });
  };
  look(0);
  graph.nodes.forEach((node, position) => {
    for (const id of operands(node)) if ((lastRead.get(id) ?? -1) <= position) crossing.delete(id);
    if (flow.has(node)) {
      for (const id of node.outputs) if ((lastRead.get(id) ?? -1) > position) crossing.add(id);
    }
    look(position + 1);
  });
  return cuts.filter(({ value }, index) => value !== cuts[index + 1]?.value);
}

function isImages(graph: Graph, id: ValueId): boolean {
  const { shape, dtype } = valueInfo(graph, id);
  return shape.length === 4 && isDataDType(dtype);
}

/** The nodes between two cuts as a segment; null if some op cannot be split by rows. */
export function segmentBetween(flow: Flow, from: Cut, to: Cut): Segment | null {
  const { graph } = flow;
  const heightOf = (id: ValueId): number => dim(valueInfo(graph, id).shape, 2);
  const reduction = new Map<ValueId, number>([[from.value, 1]]);
  const heights = new Map<ValueId, number>([[from.value, heightOf(from.value)]]);
  const nodes: RowNode[] = [];
  for (const node of flow.between(from, to)) {
    const read = readsOf(graph, node, reduction);
    const output = node.outputs[0];
    // Only the first output is followed. The others are unread in inference, such as pooling indices.
    if (!read || output === undefined || node.outputs.slice(1).some((id) => flow.reads(id))) return null;
    reduction.set(output, read.reduction);
    heights.set(output, heightOf(output));
    nodes.push({ node, output, reads: read.reads });
  }
  const unit = Math.max(...reduction.values());
  if ([...reduction.values()].some((rows) => unit % rows !== 0)) return null;
  return { input: from.value, output: to.value, nodes, reduction, unit, heights, divisible: true };
}

/** The nodes between two adjacent cuts, whatever their ops, as a segment that always runs whole. */
export function pieceBetween(flow: Flow, from: Cut, to: Cut): Segment {
  const { graph } = flow;
  const heightOf = (id: ValueId): number => valueInfo(graph, id).shape[2] ?? 1;
  const heights = new Map<ValueId, number>([[from.value, heightOf(from.value)]]);
  const nodes: RowNode[] = [];
  for (const node of flow.between(from, to)) {
    const output = node.outputs[0];
    if (output === undefined) continue;
    // The segment is never split, so the rows read do not matter.
    const reads = operands(node)
      .filter((id) => heights.has(id))
      .map((value) => ({ value, window: SAME_ROW }));
    heights.set(output, heightOf(output));
    nodes.push({ node, output, reads });
  }
  const [input, output] = [from.value, to.value];
  return { input, output, nodes, reduction: new Map(), unit: 1, heights, divisible: false };
}

/**
 * Rows of each operand that a node reads in the segment, and the reduction of its output; null if it cannot
 * be split by rows.
 */
function readsOf(
  graph: Graph,
  node: GraphNode,
  inside: ReadonlyMap<ValueId, number>,
): { reads: RowNode['reads']; reduction: number } | null {
  const windows = node.op.rows?.(nodeContext(graph, node));
  if (!windows) return null;
  const reads: { value: ValueId; window: RowWindow }[] = [];
  let reduction: number | null = null;
  for (const [index, value] of node.inputs.entries()) {
    const above = value === null ? undefined : inside.get(value);
    if (value === null || above === undefined) continue;
    const window = windows[index];
    if (!window) return null;
    const own = above * window.stride;
    if (reduction !== null && reduction !== own) return null;
    reduction = own;
    reads.push({ value, window });
  }
  return reduction === null ? null : { reads, reduction };
}

/**
 * The rows of every value that rows of the segment's output depend on. Rows beyond a border are clamped to
 * it: if padding is read, the strip reaches the border, so its own padding is in the same place.
 */
export function rowsNeeded(segment: Segment, output: Rows): Map<ValueId, Rows> {
  const needed = new Map<ValueId, Rows>([[segment.output, output]]);
  for (const { output: made, reads } of [...segment.nodes].reverse()) {
    const rows = needed.get(made);
    if (!rows) continue;
    for (const { value, window } of reads) {
      const read = readBy(rows, window, segment.heights.get(value) ?? 0);
      const known = needed.get(value);
      needed.set(value, known ? hull(known, read) : read);
    }
  }
  return needed;
}

function readBy(
  { begin, end }: Rows,
  { kernel, stride, padding, dilation }: RowWindow,
  height: number,
): Rows {
  const first = begin * stride - padding;
  const last = (end - 1) * stride - padding + (kernel - 1) * dilation;
  const inside = (row: number): number => Math.min(Math.max(row, 0), height - 1);
  return { begin: inside(first), end: inside(last) + 1 };
}

function hull(a: Rows, b: Rows): Rows {
  return { begin: Math.min(a.begin, b.begin), end: Math.max(a.end, b.end) };
}

/**
 * The rows of the segment's input that a strip is computed from: those needed, extended at both ends to
 * multiples of the unit or to the border.
 */
export function stripInput(segment: Segment, needed: ReadonlyMap<ValueId, Rows>): Rows {
  const { input, unit, heights } = segment;
  const { begin, end } = needed.get(input) ?? { begin: 0, end: 0 };
  return {
    begin: Math.floor(begin / unit) * unit,
    end: Math.min(heights.get(input) ?? 0, Math.ceil(end / unit) * unit),
  };
}

/** Splits the output into strips that are as equal as possible. */
export function stripsOf(segment: Segment, count: number): Rows[] {
  const height = segment.heights.get(segment.output) ?? 0;
  return Array.from({ length: count }, (_, index) => ({
    begin: Math.floor((height * index) / count),
    end: Math.floor((height * (index + 1)) / count),
  })).filter(({ begin, end }) => end > begin);
}
