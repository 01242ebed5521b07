/**
 * Folds a node into the producer of its operand if it is the only reader: a convolution with the
 * normalization, residual sum and activation after it becomes one node, with scale and shift folded into its
 * weights. Each op states the epilogue it applies and the epilogues it can fuse. Inference graphs only;
 * folding depends only on states, so it runs in the prologue.
 */
import { constantsOf } from '../ir/constants.js';
import { contextOf } from '../ir/context.js';
import type { Epilogue } from '../ir/define.js';
import { type Graph, type GraphNode, isInference, operands, type ValueId } from '../ir/graph.js';
import { Tracer } from '../ir/tracer.js';

/**
 * Folds normalization, sums and activations into the convolutions before them. Returns graphs with a backward
 * pass or updates unchanged. `enabled: false` is the kill switch.
 */
export function fold(graph: Graph, enabled = true): Graph {
  if (!enabled || !isInference(graph)) return graph;
  const tracer = Tracer.of(graph);
  const constants = constantsOf(graph);
  const readers = readCounts(graph);
  const producers = new Map<ValueId, GraphNode>();
  const nodes = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const fused = fuse(tracer, node, constants, (id) =>
      readers.get(id) === 1 ? producers.get(id) : undefined,
    );
    if (fused) nodes.delete(fused.replaced);
    for (const emitted of fused?.nodes ?? [node]) {
      nodes.add(emitted);
      for (const id of emitted.outputs) producers.set(id, emitted);
    }
  }
  return { ...tracer.finish(), nodes: [...nodes] };
}

interface Fused {
  readonly replaced: GraphNode;
  /** The last node produces the outputs of `node`. */
  readonly nodes: readonly GraphNode[];
}

/**
 * Fuses `node` into the producer of one of its operands, if it is that producer's only reader; null if no
 * producer can fuse it.
 */
function fuse(
  tracer: Tracer,
  node: GraphNode,
  constants: ReadonlySet<ValueId>,
  onlyRead: (id: ValueId) => GraphNode | undefined,
): Fused | null {
  for (const [index, id] of node.inputs.entries()) {
    const producer = id === null || constants.has(id) ? undefined : onlyRead(id);
    if (producer?.outputs.length !== 1) continue;
    const epilogue = node.op.fusion?.epilogue?.(contextOf(tracer, node), index);
    if (!epilogue || !foldsOnce(epilogue, node, index, constants)) continue;
    const before = tracer.traced.length;
    if (!producer.op.fusion?.fuse?.(contextOf(tracer, producer), epilogue)) continue;
    const emitted = tracer.traced.slice(before).map((made) => ({ ...made, path: producer.path }));
    const last = emitted.at(-1);
    if (!last) continue;
    return { replaced: producer, nodes: [...emitted.slice(0, -1), { ...last, outputs: node.outputs }] };
  }
  return null;
}

/** True if folding the weights runs once for many runs. */
function foldsOnce(
  epilogue: Epilogue,
  node: GraphNode,
  index: number,
  constants: ReadonlySet<ValueId>,
): boolean {
  return (
    epilogue.fold === null || node.inputs.every((id, i) => i === index || id === null || constants.has(id))
  );
}

/** How often each value is read; being fetched by the host counts as a read. */
function readCounts(graph: Graph): Map<ValueId, number> {
  const counts = new Map<ValueId, number>();
  const read = [...graph.nodes.flatMap(operands), ...graph.outputs.values()];
  for (const id of read) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
