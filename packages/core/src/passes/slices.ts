/**
 * Decides which values are strided views of a wider value, so that joining and cutting channels copies
 * nothing.
 *
 *       join  an operand is written directly into the result (the growing activations of a dense block are one
 *             buffer of its final width, and each layer adds its channels to it);
 *       cut   the result is read directly from the operand (the gradient of a join).
 *
 * The row pitch of such a view exceeds its number of channels, so the kernels of its writer and all its
 * readers must support pitched rows. Ops declare that per operand (`pitched`).
 */

import { byteLength } from '@inplace-abn/tensor';
import { constantsOf } from '../ir/constants.js';
import type { Slice } from '../ir/define.js';
import { type Graph, type GraphNode, producersOf, readersOf, type ValueId, valueInfo } from '../ir/graph.js';
import { nodeContext, operandAt } from '../ir/infer.js';
import { nodeAt } from '../ir/text.js';

/** Whether a part of a join or cut is a view of the whole, or why it is copied. */
export interface SliceDecision {
  /** The node that joins or cuts. */
  readonly node: GraphNode;
  /** The part: an operand of a join, or a result of a cut. */
  readonly value: ValueId;
  /** The wider value, in which this value starts at channel `begin`. */
  readonly whole: ValueId;
  /** Its first channel, or element, in `whole`. */
  readonly begin: number;
  /** Bytes of the value, which a copy would read and write. */
  readonly bytes: number;
  /** True for elements of a flat vector, false for channels. */
  readonly flat: boolean;
  /** Why the value is copied; null if it is a view. */
  readonly veto: string | null;
}

/** The facts that decisions depend on, computed once per graph. */
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

  /** Decides which operands of joins are written directly into the result. */
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

  /** Decides which results of a cut are read directly from its operand. */
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

  /** States are updated, and inputs replaced, without regard to readers of a slice. */
  private keptVeto(value: ValueId): string | null {
    const { kind } = valueInfo(this.graph, value);
    if (kind === 'state') return 'it is a state that outlives the step';
    return kind === 'input' ? 'it is an input from the host' : null;
  }

  /** The reason why `value` must have dense rows; null if all its readers support a pitch. */
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
