/**
 * Decides which values lie in some channels of a wider one, so that joining and cutting channels copies nothing.
 *
 *   join  an operand is written where it belongs in the result (the growing activations of a dense block are one
 *         buffer of its final width, and each layer adds its channels to it);
 *   cut   the result is read where it lies in the operand (the gradient of a join).
 *
 * What lies in a wider value has rows further apart than its channels: its writer and all its readers must be
 * kernels that can work so, which their ops state of each operand (`pitched`).
 */

import { byteLength } from '@inplace-abn/tensor';
import { constantsOf } from '../ir/constants.js';
import type { Slice } from '../ir/define.js';
import { type Graph, type GraphNode, producersOf, readersOf, type ValueId, valueInfo } from '../ir/graph.js';
import { nodeContext, operandAt } from '../ir/infer.js';
import { nodeAt } from '../ir/text.js';

export interface SliceDecision {
  /** The node that joins or cuts. */
  readonly node: GraphNode;
  readonly value: ValueId;
  /** It is channels of this value, from `begin` on. */
  readonly whole: ValueId;
  readonly begin: number;
  /** Of the value: what a copy reads and writes. */
  readonly bytes: number;
  /** Elements of a flat vector, not channels. */
  readonly flat: boolean;
  /** null: it lies in the wider value, and is not copied. */
  readonly veto: string | null;
}

/** What the decisions rest on; made once a graph. */
export class SliceRules {
  private readonly producers: ReadonlyMap<ValueId, GraphNode>;
  private readonly readers: ReadonlyMap<ValueId, readonly GraphNode[]>;
  private readonly fetched: ReadonlySet<ValueId>;
  private readonly constants: ReadonlySet<ValueId>;

  constructor(
    private readonly graph: Graph,
    private readonly enabled: boolean,
  ) {
    this.producers = producersOf(graph.nodes);
    this.readers = readersOf(graph.nodes);
    this.fetched = new Set(graph.outputs.values());
    this.constants = constantsOf(graph);
  }

  /** The operands of joining nodes: which are written where they belong in the result. */
  joins(): SliceDecision[] {
    const placed = new Set<ValueId>();
    return this.graph.nodes.flatMap((node) =>
      slicesOf(this.graph, node, 'output').map((slice): SliceDecision => {
        const [value, whole] = [node.inputs[slice.input] ?? -1, node.outputs[slice.output] ?? -1];
        const veto = this.joinVeto(node, value, whole, placed);
        if (!veto) placed.add(value);
        return this.decision(node, value, whole, slice, veto);
      }),
    );
  }

  /** The results of a cutting node: which are read where they lie in the operand. */
  cuts(node: GraphNode, isPlaced: (value: ValueId) => boolean): SliceDecision[] {
    return slicesOf(this.graph, node, 'input').map((slice): SliceDecision => {
      const [whole, value] = [node.inputs[slice.input] ?? -1, node.outputs[slice.output] ?? -1];
      const veto = isPlaced(value) ? 'it lies in another value' : this.cutVeto(value, whole, slice);
      return this.decision(node, value, whole, slice, veto);
    });
  }

  private decision(
    node: GraphNode,
    value: ValueId,
    whole: ValueId,
    slice: Slice,
    veto: string | null,
  ): SliceDecision {
    const { begin } = slice;
    const flat = slice.flat ?? false;
    return { node, value, whole, begin, flat, bytes: byteLength(valueInfo(this.graph, value)), veto };
  }

  private joinVeto(
    node: GraphNode,
    value: ValueId,
    whole: ValueId,
    placed: ReadonlySet<ValueId>,
  ): string | null {
    const producer = this.producers.get(value);
    if (!this.enabled) return 'in-place writing is switched off';
    if (!producer) return this.keptVeto(value);
    if (placed.has(value)) return 'it lies in another value';
    if (this.constants.has(value) && !this.constants.has(whole)) return 'it is kept between runs';
    if (node.inputs.filter((id) => id === value).length > 1) return 'it is joined with itself';
    const output = producer.op.outputs[producer.outputs.indexOf(value)];
    if (!output?.pitched) return `${nodeAt(producer)} writes dense rows`;
    return this.denseReader(value);
  }

  private cutVeto(value: ValueId, whole: ValueId, { flat }: Slice): string | null {
    if (!this.enabled) return 'in-place writing is switched off';
    return this.keptVeto(whole) ?? (flat ? null : this.denseReader(value));
  }

  /** States are updated and inputs handed in without regard to who reads a part of them. */
  private keptVeto(value: ValueId): string | null {
    const { kind } = valueInfo(this.graph, value);
    if (kind === 'state') return 'it is a state that outlives the step';
    return kind === 'input' ? 'it was handed in by the host' : null;
  }

  /** Why `value` must have dense rows; null when all that read it can do without. */
  denseReader(value: ValueId): string | null {
    if (this.fetched.has(value)) return 'it is an output of the program';
    for (const reader of this.readers.get(value) ?? []) {
      const { inputs } = reader.op;
      const dense = (id: ValueId | null, index: number) => id === value && !operandAt(inputs, index)?.pitched;
      if (reader.inputs.some(dense)) return `${nodeAt(reader)} reads dense rows`;
    }
    return null;
  }
}

function slicesOf(graph: Graph, node: GraphNode, whole: Slice['whole']): readonly Slice[] {
  const { slices } = node.op;
  if (!slices) return [];
  return slices(nodeContext(graph, node)).filter((slice) => slice.whole === whole);
}
