/**
 * Measures the precision lost by inversion. Runs a forward pass on given states and inputs, and compares
 * every value that the backward pass would rebuild with the original. Inversion is imprecise where |γ| is
 * small compared with β, where elu is near −α, and in narrow dtypes.
 */

import { byteLength, channels, type HostTensor, toFloat64 } from '@inplace-abn/tensor';
import { compile } from '../compile/compile.js';
import type { Device } from '../devices/device.js';
import type { Inverse, ReferenceTensor } from '../ir/define.js';
import { type Graph, type GraphNode, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { type ComputeDType, precision } from '../passes/precision.js';
import { prune } from '../passes/prune.js';
import { rebuild } from '../passes/rebuild.js';
import type { Arrays } from '../program/program.js';
import { Programs } from '../program/programs.js';
import { statesOf } from '../program/store.js';
import { referenceContext } from '../reference/evaluate.js';

/** Error of a value that is rebuilt by inversion, relative to the deviation of its channels. */
export interface InversionError {
  /** Module path of the inverted node. */
  readonly path: string;
  /** Op that is inverted. */
  readonly op: string;
  /** Bytes of the rebuilt value: the cost of keeping it instead. */
  readonly bytes: number;
  /**
   * Root mean square over the channels; each channel's error is clamped to 1, the error of predicting its
   * mean.
   */
  readonly error: number;
  /** The channel with the largest error. */
  readonly worst: {
    /** Its index, from 0. */
    readonly channel: number;
    /** Its error, at most 1. */
    readonly error: number;
  };
}

/** States and inputs to audit with. */
export interface AuditOptions {
  /** Parameters and buffers by name, such as those of a checkpoint. */
  readonly states: ReadonlyMap<string, HostTensor>;
  /** Arrays of the traced step's inputs, by name; those that the forward pass does not read are ignored. */
  readonly inputs: Arrays;
  /** Dtype of activations; default float32. */
  readonly precision?: ComputeDType;
}

/**
 * The error of every inversion in one forward pass of a traced training step, relative to each channel's
 * standard deviation, largest first. Holds all compared values at once, so use a small batch.
 *
 * @throws UsageError for a missing input or parameter, or one of another dtype or length; code ERR_MEMORY if
 *   memory is insufficient
 */
export async function auditInversions(
  traced: Graph,
  device: Device,
  { states, inputs, precision: dtype = 'float32' }: AuditOptions,
): Promise<InversionError[]> {
  const graph = precision(prune(traced), dtype);
  const inversions = inversionsIn(graph);
  const values = await forward(graph, device, { ids: valuesOf(graph, inversions), states, inputs });
  return inversions.map((inversion) => errorOf(graph, inversion, values)).sort((a, b) => b.error - a.error);
}

interface Inversion {
  readonly value: ValueId;
  readonly node: GraphNode;
  readonly inverse: Inverse<GraphNode['attrs']>;
}

function inversionsIn(graph: Graph): Inversion[] {
  return rebuild(graph).decisions.flatMap(({ value, through: node }) => {
    if (!node) return [];
    const inverse = node.op.inverses.find(({ input }) => node.inputs[input] === value);
    return inverse ? [{ value, node, inverse }] : [];
  });
}

function valuesOf(graph: Graph, inversions: readonly Inversion[]): Set<ValueId> {
  const ids = inversions.flatMap(({ node }) => [...operands(node), ...node.outputs]);
  return new Set(ids.filter((id) => valueInfo(graph, id).kind !== 'state'));
}

interface Forward {
  readonly ids: ReadonlySet<ValueId>;
  readonly states: ReadonlyMap<string, HostTensor>;
  readonly inputs: Arrays;
}

/** The values of `ids` and all states after the forward pass. */
async function forward(
  graph: Graph,
  device: Device,
  { ids, states, inputs }: Forward,
): Promise<Map<ValueId, ReferenceTensor>> {
  const needed = forwardOf(graph, ids);
  const plan = compile(needed, device, { rebuild: false, fold: false });
  const programs = new Programs(device, statesOf(needed));
  const known = new Map<ValueId, ReferenceTensor>();
  for (const { name, value } of needed.states) {
    const tensor = states.get(name);
    if (!tensor) continue;
    programs.store.write(name, tensor.data);
    known.set(value, { ...valueInfo(graph, value), data: toFloat64(tensor.dtype, tensor.data) });
  }
  const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => needed.inputs.has(name)));
  const { outputs } = await programs.program(plan).run(given);
  for (const id of ids) {
    const data = outputs[String(id)];
    if (data) known.set(id, { ...valueInfo(graph, id), data: toFloat64(valueInfo(graph, id).dtype, data) });
  }
  return known;
}

/**
 * Only the forward pass, with the values of `ids` as outputs and the inputs and states that it reads.
 */
function forwardOf(graph: Graph, ids: ReadonlySet<ValueId>): Graph {
  const nodes = graph.nodes.filter(({ op, phase }) => phase === 'forward' && !op.effects.guard);
  const outputs = new Map([...ids].map((id) => [String(id), id] as const));
  const pruned = prune({ ...graph, nodes, outputs, updates: new Map() });
  const read = new Set(pruned.nodes.flatMap(operands));
  return {
    ...pruned,
    inputs: new Map([...pruned.inputs].filter(([, id]) => read.has(id))),
    states: pruned.states.filter(({ value }) => read.has(value)),
  };
}

function errorOf(
  graph: Graph,
  { value, node, inverse }: Inversion,
  values: ReadonlyMap<ValueId, ReferenceTensor>,
): InversionError {
  const tensor = (id: ValueId | null) => (id === null ? null : (values.get(id) ?? null));
  const context = referenceContext(
    node.attrs,
    node.inputs.map(tensor),
    node.outputs.flatMap((id) => tensor(id) ?? []),
  );
  const there = values.get(value);
  if (!there) throw new RangeError(`%${value} was not computed`);
  const rebuilt = inverse.reference(context);
  if (inverse.partial(node.attrs)) {
    // The backward pass ignores the elements where the output is zero.
    context.output(0).data.forEach((output, index) => {
      if (output === 0) rebuilt[index] = there.data[index] ?? 0;
    });
  }
  const errors = channelErrors(there, rebuilt);
  const worst = errors.reduce((most, error, channel) => (error > most.error ? { channel, error } : most), {
    channel: 0,
    error: 0,
  });
  const error = Math.sqrt(errors.reduce((sum, each) => sum + each ** 2, 0) / Math.max(1, errors.length));
  return { path: node.path, op: node.op.name, bytes: byteLength(valueInfo(graph, value)), error, worst };
}

/**
 * Floor for a channel's deviation, relative to the root mean square over all channels: a nearly constant
 * channel sets no scale.
 */
const LEAST_DEVIATION = 1e-3;

/** Root mean square difference of each channel, relative to its standard deviation; at most 1. */
function channelErrors({ shape, data }: ReferenceTensor, rebuilt: Float64Array): number[] {
  const width = channels(shape);
  const count = Math.max(1, data.length / width);
  const [sums, squares, differences] = [0, 1, 2].map(() => new Float64Array(width)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  data.forEach((value, i) => {
    const c = i % width;
    sums[c] = (sums[c] ?? 0) + value;
    squares[c] = (squares[c] ?? 0) + value ** 2;
    differences[c] = (differences[c] ?? 0) + (value - (rebuilt[i] ?? 0)) ** 2;
  });
  const deviations = Array.from(sums, (sum, c) =>
    Math.sqrt(Math.max(0, (squares[c] ?? 0) / count - (sum / count) ** 2)),
  );
  const typical = Math.sqrt(deviations.reduce((sum, each) => sum + each ** 2, 0) / Math.max(1, width));
  return deviations.map((deviation, c) => {
    const scale = Math.max(deviation, LEAST_DEVIATION * typical, Number.MIN_VALUE);
    return Math.min(1, Math.sqrt((differences[c] ?? 0) / count) / scale);
  });
}
