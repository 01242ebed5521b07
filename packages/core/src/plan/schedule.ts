/**
 * The instructions of a step: its nodes in order, interleaved with the kernels' layouts of constant operands.
 *
 * A graph without updates starts with a prologue: nodes that depend only on states, and kernel layouts of
 * constant operands (such as weights in a convolution's blocked format). The prologue reruns only when the
 * states have changed.
 */

import { bytesPerElement } from '@inplace-abn/tensor';
import type { KernelSpec, OperandSpec, PreparedKernel } from '../devices/device.js';
import { HostKernel } from '../host/kernel.js';
import { constantsOf, isConstant } from '../ir/constants.js';
import { type Graph, type GraphNode, type ValueId, valueInfo } from '../ir/graph.js';
import { nodeAt } from '../ir/text.js';
import { isPitched, type Region } from '../passes/region.js';

export interface Scheduled {
  /** The op with its operands and results. */
  readonly node: GraphNode;
  /** The implementation that the device chose. */
  readonly kernel: PreparedKernel;
  /** `layout`: the kernel writes its layout of the constant operands; `run`: it computes the node. */
  readonly part: 'layout' | 'run';
}

export interface Schedule {
  readonly steps: readonly Scheduled[];
  /** Number of steps in the prologue. */
  readonly prologue: number;
  readonly constants: ReadonlySet<ValueId>;
}

/** Prepares the kernel of a node; supplied by the device. */
export type Prepare = (spec: KernelSpec) => PreparedKernel;

/** Prepares a kernel, adding the node to any error: the device does not know layers. */
function prepared(prepare: Prepare, node: GraphNode, spec: KernelSpec): PreparedKernel {
  if (node.op.host) return new HostKernel(node.op.host, spec);
  try {
    return prepare(spec);
  } catch (error) {
    if (error instanceof Error) error.message = `${nodeAt(node)}: ${error.message}`;
    throw error;
  }
}

/**
 * `graph`: ordered, constants first. `regions`: where its values lie. `keepLayouts`: kernels may keep
 * constant operands in their own layout.
 */
export function scheduleOf(
  graph: Graph,
  prepare: Prepare,
  regions: ReadonlyMap<ValueId, Region>,
  keepLayouts: boolean,
): Schedule {
  const constants = constantsOf(graph);
  const kept = keepLayouts ? constants : undefined;
  const once: GraphNode[] = graph.nodes.filter((node) => isConstant(node, constants));
  const always = graph.nodes.slice(once.length).map((node): Scheduled => {
    return { node, kernel: prepared(prepare, node, specOf(graph, node, regions, kept)), part: 'run' };
  });
  const ready = new Set(graph.states.map(({ value }) => value));
  let waiting = always.filter(({ kernel }) => kernel.layout !== null).map((step) => asLayout(step));
  const steps: Scheduled[] = [];
  // As early as possible: an operand read only by layouts dies after the last of them.
  const layOut = (): void => {
    const able = waiting.filter((step) => readsOf(step).every((id) => ready.has(id)));
    waiting = waiting.filter((step) => !able.includes(step));
    steps.push(...able);
  };
  layOut();
  for (const node of once) {
    steps.push({ node, kernel: prepared(prepare, node, specOf(graph, node, regions)), part: 'run' });
    for (const id of node.outputs) ready.add(id);
    layOut();
  }
  return { steps: [...steps, ...always], prologue: steps.length, constants };
}

function asLayout(step: Scheduled): Scheduled {
  return { ...step, part: 'layout' };
}

/** The kernel that a node needs; `constants`: values that a kernel may keep in its own layout. */
export function specOf(
  graph: Graph,
  node: GraphNode,
  regions: ReadonlyMap<ValueId, Region>,
  constants?: ReadonlySet<ValueId>,
): KernelSpec {
  const operand = (id: ValueId): OperandSpec => {
    const info = valueInfo(graph, id);
    const region = regions.get(id);
    if (!region || !isPitched(region)) return info;
    return { ...info, pitch: region.pitch / bytesPerElement(info.dtype) };
  };
  return {
    op: node.op.name,
    family: node.op.family,
    attrs: node.attrs,
    inputs: node.inputs.map((id) => (id === null ? null : operand(id))),
    outputs: node.outputs.map(operand),
    constants: node.inputs.flatMap((id, index) => (id !== null && constants?.has(id) ? [index] : [])),
  };
}

/**
 * The operands that a step reads; null for those that the kernel has in its layout, or that the layout does
 * not need.
 */
export function operandsOf({ node, kernel, part }: Scheduled): (ValueId | null)[] {
  return node.inputs.map((id, index) => {
    const laidOut = kernel.layout?.inputs.includes(index) ?? false;
    return laidOut === (part === 'layout') ? id : null;
  });
}

/** The values that a step reads. */
export function readsOf(step: Scheduled): ValueId[] {
  return operandsOf(step).filter((id): id is ValueId => id !== null);
}

/** The values that a step writes. */
export function writesOf({ node, part }: Scheduled): readonly ValueId[] {
  return part === 'run' ? node.outputs : [];
}
