/**
 * Segments of an inference graph that can be computed in strips of rows: everything between two values through which
 * all data passes, where each op says which rows its rows are made of (`rows` in its definition).
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

/** A node of a segment, with the rows that it reads of its operands inside the segment. */
export interface RowNode {
  readonly node: GraphNode;
  readonly output: ValueId;
  readonly reads: readonly { readonly value: ValueId; readonly window: RowWindow }[];
}

export interface Segment {
  /** All that the segment reads of the images; what it makes of it. N×C×H×W both. */
  readonly input: ValueId;
  readonly output: ValueId;
  readonly nodes: readonly RowNode[];
  /** Rows of the input to one row of each value. */
  readonly reduction: ReadonlyMap<ValueId, number>;
  /** Strips of the input begin at multiples of this. */
  readonly unit: number;
  /** False where some op does not work row by row: such a segment is computed in one piece. */
  readonly divisible: boolean;
  readonly heights: ReadonlyMap<ValueId, number>;
}

/** A place in the list of nodes that one value of the images alone passes: everything after it depends on it. */
export interface Cut {
  readonly value: ValueId;
  /** Nodes before it. */
  readonly position: number;
}

/** A graph with what the search for segments asks again and again. */
export class Flow {
  private readonly dependent: ReadonlySet<GraphNode>;
  private readonly read: ReadonlySet<ValueId>;

  constructor(readonly graph: Graph) {
    const constants = constantsOf(graph);
    this.dependent = new Set(graph.nodes.filter((node) => !node.rebuilds && !isConstant(node, constants)));
    this.read = new Set(graph.nodes.flatMap(operands));
  }

  /** Whether a node depends on the images; the others follow from states alone, kept between runs or recomputed. */
  has(node: GraphNode): boolean {
    return this.dependent.has(node);
  }

  /** The nodes that depend on the images between two cuts. */
  between(from: Cut, to: Cut): GraphNode[] {
    return this.graph.nodes.slice(from.position, to.position).filter((node) => this.has(node));
  }

  /** Whether some node reads the value. */
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

/** The nodes between two cuts as a segment; null where some op does not work row by row. */
export function segmentBetween(flow: Flow, from: Cut, to: Cut): Segment | null {
  const { graph } = flow;
  const heightOf = (id: ValueId): number => dim(valueInfo(graph, id).shape, 2);
  const reduction = new Map<ValueId, number>([[from.value, 1]]);
  const heights = new Map<ValueId, number>([[from.value, heightOf(from.value)]]);
  const nodes: RowNode[] = [];
  for (const node of flow.between(from, to)) {
    const read = readsOf(graph, node, reduction);
    const output = node.outputs[0];
    // Only the first output is followed: pooling's indices, which nothing reads in inference.
    if (!read || output === undefined || node.outputs.slice(1).some((id) => flow.reads(id))) return null;
    reduction.set(output, read.reduction);
    heights.set(output, heightOf(output));
    nodes.push({ node, output, reads: read.reads });
  }
  const unit = Math.max(...reduction.values());
  if ([...reduction.values()].some((rows) => unit % rows !== 0)) return null;
  return { input: from.value, output: to.value, nodes, reduction, unit, heights, divisible: true };
}

/** The nodes between two neighbouring cuts as they are, whatever their ops: a way past them in one piece. */
export function pieceBetween(flow: Flow, from: Cut, to: Cut): Segment {
  const { graph } = flow;
  const heightOf = (id: ValueId): number => valueInfo(graph, id).shape[2] ?? 1;
  const heights = new Map<ValueId, number>([[from.value, heightOf(from.value)]]);
  const nodes: RowNode[] = [];
  for (const node of flow.between(from, to)) {
    const output = node.outputs[0];
    if (output === undefined) continue;
    // It is never cut into rows: which of them an operand is read for does not matter.
    const reads = operands(node)
      .filter((id) => heights.has(id))
      .map((value) => ({ value, window: SAME_ROW }));
    heights.set(output, heightOf(output));
    nodes.push({ node, output, reads });
  }
  const [input, output] = [from.value, to.value];
  return { input, output, nodes, reduction: new Map(), unit: 1, heights, divisible: false };
}

/** What a node reads row by row inside the segment, and the reduction of what it makes; null where it cannot. */
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
 * The rows of every value that rows of the segment's output are made of. Every row beyond a border stands for the one
 * at the border: where padding is read, the strip reaches the border, so that its own padding is in the same place.
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

/** The rows of the segment's input that a strip is computed from: those needed, from a multiple of the unit on. */
export function stripInput(segment: Segment, needed: ReadonlyMap<ValueId, Rows>): Rows {
  const { input, unit, heights } = segment;
  const { begin, end } = needed.get(input) ?? { begin: 0, end: 0 };
  return {
    begin: Math.floor(begin / unit) * unit,
    end: Math.min(heights.get(input) ?? 0, Math.ceil(end / unit) * unit),
  };
}

/** Strips of the output, as equal as rows allow. */
export function stripsOf(segment: Segment, count: number): Rows[] {
  const height = segment.heights.get(segment.output) ?? 0;
  return Array.from({ length: count }, (_, index) => ({
    begin: Math.floor((height * index) / count),
    end: Math.floor((height * (index + 1)) / count),
  })).filter(({ begin, end }) => end > begin);
}
