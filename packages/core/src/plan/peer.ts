/**
 * Baseline: the memory a step needs under PyTorch's buffer rules. Only an activation is written in place,
 * over the output of its batch norm (abn_apply keeps x and z, with no buffer in between). Autograd keeps the
 * tensors that each op lists in `peerKeeps`, and every backward op writes a new buffer. This counts live
 * bytes; it does not measure PyTorch.
 */

import { byteLength, elements } from '@inplace-abn/tensor';
import type { PeerKeeps } from '../ir/define.js';
import { type Graph, type GraphNode, type ValueId, valueInfo } from '../ir/graph.js';
import { prune } from '../passes/prune.js';

/** Bytes of the same step with ordinary batch norm under PyTorch's rules. */
export interface PeerBytes {
  /** Largest sum of live activations and their gradients. */
  readonly activations: number;
  /** Gradients of all parameters, which PyTorch keeps until the next step. */
  readonly gradients: number;
}

/** A buffer under PyTorch's rules; `start` and `end` index the nodes of the pruned graph. */
export interface PeerBuffer {
  /** Value that it was made for. */
  readonly id: ValueId;
  readonly kind: 'activation' | 'gradient';
  readonly node: GraphNode;
  bytes: number;
  readonly start: number;
  end: number;
}

/**
 * Counts the bytes of a step under PyTorch's rules. `traced`: the step before any pass, traced with ordinary
 * rather than in-place layers.
 */
export function peerBytes(traced: Graph): PeerBytes {
  const { graph, buffers } = peerBuffers(traced);
  const activations = buffers.filter(({ kind }) => kind === 'activation');
  const gradients = buffers.filter(({ kind }) => kind === 'gradient');
  return {
    activations: largestSum(activations, graph.nodes.length),
    gradients: gradients.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/**
 * Every buffer of the step, and the pruned graph that their lifetimes refer to. Weight gradients live to the
 * end.
 */
export function peerBuffers(traced: Graph): { graph: Graph; buffers: PeerBuffer[] } {
  const graph = prune(traced);
  const buffers = new Map<ValueId, PeerBuffer>();
  graph.nodes.forEach((node, position) => {
    for (const id of node.inputs) {
      const buffer = id === null ? undefined : buffers.get(id);
      if (buffer) buffer.end = Math.max(buffer.end, position);
    }
    const viewed = keeps(node).view ? node.inputs[0] : undefined;
    const base = viewed === null || viewed === undefined ? undefined : buffers.get(viewed);
    for (const id of node.outputs) {
      if (base) {
        buffers.set(id, base);
        continue;
      }
      const info = valueInfo(graph, id);
      const { kind } = info;
      if (kind !== 'gradient' && kind !== 'activation') continue;
      const end = kind === 'gradient' ? graph.nodes.length - 1 : position;
      buffers.set(id, { id, kind, node, bytes: byteLength(info), start: position, end });
    }
  });
  keepForBackward(graph, buffers);
  return { graph, buffers: [...new Set(buffers.values())] };
}

/** Extends the lifetime of what autograd saves to the last backward node of its op. */
function keepForBackward(graph: Graph, buffers: Map<ValueId, PeerBuffer>): void {
  const lastBackward = new Map<number, number>();
  graph.nodes.forEach((node, position) => {
    if (node.origin !== undefined) lastBackward.set(node.origin, position);
  });
  for (const node of graph.nodes) {
    const until = lastBackward.get(node.id);
    if (node.phase === 'forward' && until !== undefined) keepOperands(graph, node, until, buffers);
  }
}

function keepOperands(graph: Graph, node: GraphNode, until: number, buffers: Map<ValueId, PeerBuffer>): void {
  const { inputs, outputs, bytesPerElement } = keeps(node);
  const kept = [...inputs.map((index) => node.inputs[index]), ...outputs.map((index) => node.outputs[index])];
  for (const id of kept) {
    const buffer = id === null || id === undefined ? undefined : buffers.get(id);
    if (buffer) buffer.end = Math.max(buffer.end, until);
  }
  for (const index of bytesPerElement ? outputs : []) {
    const id = node.outputs[index];
    const buffer = id === undefined ? undefined : buffers.get(id);
    if (id !== undefined && buffer)
      buffer.bytes = elements(valueInfo(graph, id).shape) * (bytesPerElement ?? 1);
  }
}

/** The tensors that PyTorch saves for this node, some of which depend on its attributes. */
function keeps({ op, attrs }: GraphNode): PeerKeeps {
  return typeof op.peerKeeps === 'function' ? op.peerKeeps(attrs) : op.peerKeeps;
}

function largestSum(buffers: readonly PeerBuffer[], length: number): number {
  const change = new Float64Array(length + 1);
  for (const { bytes, start, end } of buffers) {
    change[start] = (change[start] ?? 0) + bytes;
    change[end + 1] = (change[end + 1] ?? 0) - bytes;
  }
  let alive = 0;
  return change.reduce((largest, bytes) => {
    alive += bytes;
    return Math.max(largest, alive);
  }, 0);
}
