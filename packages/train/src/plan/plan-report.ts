/** What `plan` prints: bytes by kind, the peak, and layer by layer what is in place, what is not and why. */
import {
  byteLength,
  channels,
  compile,
  type Device,
  type Graph,
  type GraphNode,
  type Phase,
  type Plan,
  peerBytes,
  type RebuildDecision,
  valueInfo,
  workOf,
} from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { arenaBudget } from '../engine/plan-programs.js';
import type { BytesByKind } from '../report/types.js';
import type { BatchShape } from '../step/images.js';
import { trainingStep } from '../step/training-step.js';
import { taskOf } from '../task/registry.js';

export interface PlannedLayer {
  /** Module path. */
  readonly path: string;
  readonly op: string;
  /** Bytes of its output. */
  readonly bytes: number;
  readonly inPlace: boolean;
  /** Why it is not in place; null when it is. */
  readonly reason: string | null;
}

/** A value that is some channels of a wider one: an operand of a join, or a cut (the gradient of a join). */
export interface PlannedSlice {
  /** Module path of the join or cut. */
  readonly path: string;
  readonly op: string;
  readonly phase: Phase;
  /** The first channel and the one after the last. */
  readonly channels: readonly [number, number];
  /** Of the value: what a copy reads, and writes. */
  readonly bytes: number;
  /** Whether it lies in the wider value, so that nothing is copied. */
  readonly inPlace: boolean;
  /** Why it is copied; null when it is not. */
  readonly reason: string | null;
}

/** What becomes of the values that the backward pass needs. */
export interface PlannedRebuilds {
  /** Bytes of values by choice: kept, rebuilt by an inversion of their own, computed again. */
  readonly kept: number;
  readonly inverted: number;
  readonly recomputed: number;
  /** The largest first. */
  readonly layers: readonly { readonly path: string; readonly op: string; readonly bytes: number }[];
  /** Work of what is computed again, as a share of all other work of the step. */
  readonly moreWork: number;
}

export interface PlanReport {
  readonly arch: string;
  readonly batch: number;
  readonly crop: number;
  readonly precision: string;
  /** By kind at the peak of the step; inputs are what the host hands in. */
  readonly bytes: BytesByKind & { readonly inputs: number };
  /** Largest sum of bytes alive at once in the arena: no arena can be smaller. */
  readonly peak: number;
  /** Instruction at which the peak is. */
  readonly peakAt: { readonly instruction: number; readonly op: string; readonly path: string };
  /** What the program reserves for everything but weights and optimiser state. */
  readonly arenaBytes: number;
  /** Weights, optimiser state and arena together. */
  readonly totalBytes: number;
  readonly rebuilds: PlannedRebuilds;
  readonly layers: readonly PlannedLayer[];
  readonly slices: readonly PlannedSlice[];
  /** The same network with ordinary batch norm under PyTorch's buffer rules. */
  readonly ordinary: BytesByKind;
}

/** Plans one training step of the configuration at `batch` images; needs no data and allocates no arena. */
export function planReport(
  config: TrainConfig,
  batch: number,
  device: Device,
): { report: PlanReport; plan: Plan } {
  const shape = { batch, crop: config.input.crop_train };
  const graph = stepOf(config, shape);
  const budget = arenaBudget(graph, config.memory_budget);
  const { precision, keep_inputs } = config.network;
  const plan = compile(graph, device, { precision, budget, keep: new Set(keep_inputs) });
  const at = plan.instructions[plan.peak.instruction];
  const report: PlanReport = {
    arch: config.network.arch,
    batch,
    crop: shape.crop,
    precision,
    bytes: plan.bytes,
    peak: plan.peak.bytes,
    peakAt: { instruction: plan.peak.instruction, op: at?.node.op ?? '', path: at?.node.path ?? '' },
    arenaBytes: plan.arenaBytes,
    totalBytes: plan.arenaBytes + plan.bytes.weights + plan.bytes.optimizer,
    rebuilds: rebuildsOf(plan, device.balance),
    layers: layersOf(plan),
    slices: slicesOf(plan),
    ordinary: ordinaryBytes(config, batch),
  };
  return { report, plan };
}

/** The same network with ordinary batch norm, float32, as PyTorch would hold it. */
export function ordinaryBytes(config: TrainConfig, batch: number): BytesByKind {
  const ordinary: TrainConfig = { ...config, network: { ...config.network, bn_mode: 'standard' } };
  const graph = stepOf(ordinary, { batch, crop: config.input.crop_train });
  const sum = (optimizer: boolean): number =>
    graph.states
      .filter(({ kind }) => (kind === 'optimizer') === optimizer)
      .reduce((total, { value }) => total + byteLength(valueInfo(graph, value)), 0);
  return { weights: sum(false), optimizer: sum(true), workspace: 0, ...peerBytes(graph) };
}

function rebuildsOf({ graph, rebuilds }: Plan, balance: number): PlannedRebuilds {
  const of = (choice: RebuildDecision['choice']) => rebuilds.filter((decision) => decision.choice === choice);
  const sum = (decisions: readonly RebuildDecision[]) =>
    decisions.reduce((total, { bytes }) => total + bytes, 0);
  const again = of('recompute');
  const ops = new Map(graph.nodes.map(({ id, op }) => [id, op]));
  const isAgain = ({ op, origin = -1, rebuilds: rebuilding }: GraphNode) =>
    rebuilding === true && ops.get(origin) === op;
  const work = (nodes: readonly GraphNode[]) =>
    nodes.reduce((total, node) => total + workOf(graph, node, balance), 0);
  return {
    kept: sum(of('keep')),
    inverted: sum(of('invert')),
    recomputed: sum(again),
    layers: again
      .map(({ producer, bytes }) => ({ path: producer?.path ?? '', op: producer?.op ?? '', bytes }))
      .sort((a, b) => b.bytes - a.bytes),
    moreWork: work(graph.nodes.filter(isAgain)) / work(graph.nodes.filter((node) => !isAgain(node))),
  };
}

function stepOf(config: TrainConfig, shape: BatchShape): Graph {
  const task = taskOf(config);
  return trainingStep(task.network(), config.optimizer, shape, task.objective);
}

function slicesOf(plan: Plan): PlannedSlice[] {
  const shared = plan.slices.filter(({ flat }) => !flat);
  return shared.map(({ node, value, begin, bytes, veto }) => {
    const end = begin + channels(valueInfo(plan.graph, value).shape);
    const { path, op, phase } = node;
    return { path, op, phase, channels: [begin, end], bytes, inPlace: veto === null, reason: veto };
  });
}

function layersOf(plan: Plan): PlannedLayer[] {
  const layers = new Map<string, PlannedLayer>();
  for (const { node, output, veto } of plan.aliases) {
    if (node.phase !== 'forward') continue;
    // An op may offer several inputs to write over: one that is taken decides.
    const key = `${node.id}:${output}`;
    if (layers.get(key)?.inPlace) continue;
    const bytes = byteLength(valueInfo(plan.graph, output));
    layers.set(key, { path: node.path, op: node.op, bytes, inPlace: veto === null, reason: veto });
  }
  return [...layers.values()];
}
