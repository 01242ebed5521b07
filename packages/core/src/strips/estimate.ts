/** Cost of a segment in strips: live bytes, and work repeated where strips overlap. */

import { byteLength } from '@inplace-abn/tensor';
import { type Graph, type GraphNode, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { costOf } from '../ir/infer.js';
import { align } from '../passes/place.js';
import { type Rows, rowsNeeded, type Segment, stripInput, stripsOf } from './segment.js';

/** Operations that take as long as moving one byte of memory. */
const OPERATIONS_PER_BYTE = 4;

export interface StripCost {
  /** Largest sum of live bytes, estimated. */
  readonly bytes: number;
  /** Operations beyond those of the segment without strips. */
  readonly extra: number;
}

/** Kernel workspace in addition to a node's operands: bytes by node id. */
export type Workspace = ReadonlyMap<number, number>;

/** Cost of the segment in `count` strips; a count of 1 runs it whole. */
export function stripCost(graph: Graph, segment: Segment, count: number, workspace: Workspace): StripCost {
  if (count === 1) {
    const whole = new Map([...segment.heights].map(([id, height]) => [id, { begin: 0, end: height }]));
    const owned = valueInfo(graph, segment.input).kind !== 'input';
    return { bytes: liveBytes(graph, segment, whole, workspace, owned), extra: 0 };
  }
  const strips = stripsOf(segment, count);
  const rows = strips.map((strip) => computedRows(segment, strip));
  const ends = byteLength(valueInfo(graph, segment.input)) + byteLength(valueInfo(graph, segment.output));
  const largest = rows.reduce((best, strip) => (rowSum(strip) > rowSum(best) ? strip : best));
  const bytes = ends + liveBytes(graph, segment, largest, workspace, true);
  return { bytes, extra: extraOperations(graph, segment, rows) };
}

/** Rows of every value that a strip computes: all that follow from the rows of its input. */
function computedRows(segment: Segment, strip: Rows): Map<ValueId, Rows> {
  const input = stripInput(segment, rowsNeeded(segment, strip));
  const rows = new Map<ValueId, Rows>();
  for (const [id, reduction] of segment.reduction) {
    const height = segment.heights.get(id) ?? 0;
    const begin = Math.min(input.begin / reduction, height);
    rows.set(id, { begin, end: Math.min(height, Math.ceil(input.end / reduction)) });
  }
  return rows;
}

function rowSum(rows: ReadonlyMap<ValueId, Rows>): number {
  let sum = 0;
  for (const { begin, end } of rows.values()) sum += end - begin;
  return sum;
}

function extraOperations(
  graph: Graph,
  segment: Segment,
  strips: readonly ReadonlyMap<ValueId, Rows>[],
): number {
  let extra = 2 * OPERATIONS_PER_BYTE * byteLength(valueInfo(graph, segment.output));
  for (const { node, output } of segment.nodes) {
    const height = segment.heights.get(output) ?? 1;
    const computed = strips.reduce((sum, rows) => sum + lengthOf(rows.get(output)), 0);
    extra += operationsOf(graph, node) * (computed / height - 1);
  }
  return extra;
}

function operationsOf(graph: Graph, node: GraphNode): number {
  const { flops, bytes } = costOf(graph, node);
  return flops + OPERATIONS_PER_BYTE * bytes;
}

function lengthOf(rows: Rows | undefined): number {
  return rows ? rows.end - rows.begin : 0;
}

/**
 * Liveness of one strip, or of the whole segment. Outputs overwrite inputs that die, if the op allows it. An
 * estimate: planning the resulting graph decides.
 */
function liveBytes(
  graph: Graph,
  segment: Segment,
  rows: ReadonlyMap<ValueId, Rows>,
  workspace: Workspace,
  ownsInput: boolean,
): number {
  const lastRead = new Map<ValueId, number>([[segment.output, segment.nodes.length]]);
  segment.nodes.forEach(({ reads }, position) => {
    for (const { value } of reads) lastRead.set(value, Math.max(position, lastRead.get(value) ?? 0));
  });
  const bytesOf = (id: ValueId): number => {
    const share = lengthOf(rows.get(id)) / (segment.heights.get(id) ?? 1);
    return align(Math.ceil(byteLength(valueInfo(graph, id)) * share));
  };
  let live = bytesOf(segment.input);
  let peak = live;
  segment.nodes.forEach(({ node, output, reads }, position) => {
    const dying = [...new Set(reads.map(({ value }) => value))].filter((id) => lastRead.get(id) === position);
    const overwritten = dying.find(
      (id) => (ownsInput || id !== segment.input) && overwrites(node, id) && bytesOf(id) === bytesOf(output),
    );
    const made = node.outputs.reduce(
      (sum, id) => sum + (id === output ? bytesOf(id) : sideBytes(graph, id)),
      0,
    );
    live += overwritten === undefined ? made : made - bytesOf(output);
    peak = Math.max(peak, live + wholeOperands(graph, node, segment) + (workspace.get(node.id) ?? 0));
    for (const id of dying) if (id !== overwritten) live -= bytesOf(id);
    live -= made - bytesOf(output);
  });
  return peak;
}

function overwrites({ op, inputs }: GraphNode, id: ValueId): boolean {
  return op.overwrites.some(({ output, input }) => output === 0 && inputs[input] === id);
}

/** Bytes of an output that nothing reads. */
function sideBytes(graph: Graph, id: ValueId): number {
  return align(byteLength(valueInfo(graph, id)));
}

/** Bytes of operands that only this node reads, such as folded weights. */
function wholeOperands(graph: Graph, node: GraphNode, segment: Segment): number {
  return operands(node)
    .filter((id) => !segment.heights.has(id) && valueInfo(graph, id).kind === 'activation')
    .reduce((sum, id) => sum + align(byteLength(valueInfo(graph, id))), 0);
}
