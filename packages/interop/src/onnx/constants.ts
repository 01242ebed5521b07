/**
 * Values that depend only on the weights. They are computed with the ops' reference implementations when the
 * model is written.
 */
import {
  constantsOf,
  elements,
  type Graph,
  type GraphNode,
  type HostTensor,
  isRowMajor,
  type ReferenceTensor,
  referenceContext,
  sameShape,
  toFloat64,
  UsageError,
  type ValueId,
  valueInfo,
} from '@inplace-abn/core';

export class Constants {
  private readonly names: ReadonlyMap<ValueId, string>;
  private readonly producers = new Map<ValueId, GraphNode>();
  private readonly known: ReadonlySet<ValueId>;
  /** Outputs of only the last node: weights are large, and are read in sequence. */
  private last: { readonly node: GraphNode; readonly outputs: readonly ReferenceTensor[] } | null = null;

  /** `varies`: nodes whose values depend on the sizes of the inputs. */
  constructor(
    private readonly graph: Graph,
    private readonly states: ReadonlyMap<string, HostTensor>,
    varies: (node: GraphNode, position: number) => boolean,
  ) {
    this.names = new Map(graph.states.map(({ name, value }) => [value, name]));
    const varying = new Set<ValueId>();
    graph.nodes.forEach((node, position) => {
      for (const id of node.outputs) this.producers.set(id, node);
      const changed = varies(node, position) || node.inputs.some((id) => id !== null && varying.has(id));
      if (changed) for (const id of node.outputs) varying.add(id);
    });
    this.known = new Set([...constantsOf(graph)].filter((id) => !varying.has(id)));
  }

  has(id: ValueId): boolean {
    return this.known.has(id);
  }

  /** The name of a state; null for a computed value. */
  nameOf(id: ValueId): string | null {
    return this.names.get(id) ?? null;
  }

  /** Content in the order of storage. */
  content(id: ValueId): ReferenceTensor {
    const node = this.producers.get(id);
    const { shape, dtype } = valueInfo(this.graph, id);
    if (!node) return { shape, dtype, data: toFloat64(dtype, this.state(id).data) };
    const { outputs } = this.last?.node === node ? this.last : this.computed(node);
    const found = outputs[node.outputs.indexOf(id)];
    if (!found) throw new RangeError(`no value %${id}`);
    return found;
  }

  /**
   * The bytes of a float32 value, row-major. Weights are stored row-major, images with channels last.
   */
  bytes(id: ValueId, asImages: boolean): Uint8Array {
    const { shape } = valueInfo(this.graph, id);
    const moved = asImages && !isRowMajor(shape);
    if (this.names.has(id) && !moved) {
      const { data } = this.state(id);
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
    const { data } = this.content(id);
    const floats = Float32Array.from(moved ? rowMajor(data, shape) : data);
    return new Uint8Array(floats.buffer);
  }

  private computed(node: GraphNode): { readonly outputs: readonly ReferenceTensor[] } {
    const inputs = node.inputs.map((id) => (id === null ? null : this.content(id)));
    const outputs = node.outputs.map((id): ReferenceTensor => {
      const { shape, dtype } = valueInfo(this.graph, id);
      return { shape, dtype, data: new Float64Array(elements(shape)) };
    });
    node.op.reference(referenceContext(node.attrs, inputs, outputs));
    this.last = { node, outputs };
    return this.last;
  }

  private state(id: ValueId): HostTensor {
    const name = this.names.get(id) ?? '';
    const tensor = this.states.get(name);
    const { shape, dtype } = valueInfo(this.graph, id);
    if (tensor && tensor.dtype === dtype && sameShape(tensor.shape, shape)) return tensor;
    const found = tensor ? `${tensor.dtype}[${tensor.shape.join(',')}]` : 'none';
    throw new UsageError(
      `the network reads ${name}, ${dtype}[${shape.join(',')}], and the weights have ${found}`,
      { code: 'ERR_WEIGHTS' },
    );
  }
}

/** N×S1×…×C as N×C×S1×… */
function rowMajor(data: Float64Array, [, channels = 1, ...space]: readonly number[]): Float64Array {
  const area = elements(space);
  return data.map((_, index) => {
    const [image, rest] = [Math.floor(index / (channels * area)), index % (channels * area)];
    const [channel, place] = [Math.floor(rest / area), rest % area];
    return data[(image * area + place) * channels + channel] ?? Number.NaN;
  });
}
