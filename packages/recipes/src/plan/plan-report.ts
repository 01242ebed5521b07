/** The report of `plan`: bytes by kind, the peak, and for each layer whether it is in place or why not. */
import {
  byteLength,
  type Device,
  type Graph,
  type Plan,
  type PlannedLayer,
  type PlannedRebuilds,
  type PlannedSlice,
  type PriceList,
  peerBytes,
  plannedSlices,
  valueInfo,
} from '@inplace-abn/core';
import type { Sides } from '@inplace-abn/data';
import { type ResidentMemory, transferBytes } from '@inplace-abn/session';
import type { BytesByKind } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { aroundParts, type LoadingOptions } from '../data/memory.js';
import { peersOnPaper } from '../engine/paper-peers.js';
import { planPrograms } from '../engine/plan-programs.js';
import { trainingStep } from '../step/training-step.js';
import type { BatchShape } from '../task/images.js';
import { taskOf } from '../tasks/registry.js';
import { residentOf } from './resident.js';
import { type StepTime, stepTime } from './step-time.js';

/** Bytes, layers and peak of a planned training step. */
export interface PlanReport {
  /** Architecture of the network. */
  readonly arch: string;
  /** Images of the step. */
  readonly batch: number;
  /** Pixels of an image: the side of a square, or height and width. */
  readonly crop: Sides;
  /** Dtype of activations. */
  readonly precision: string;
  /** Versions of the libraries behind the plan's kernels and workspace. */
  readonly libraries: Readonly<Record<string, string>>;
  /** Bytes by kind at the peak of the step. */
  readonly bytes: BytesByKind & {
    /** Bytes passed in by the host. */
    readonly inputs: number;
  };
  /** Largest sum of live bytes in the arena; no arena can be smaller. */
  readonly peak: number;
  /** Instruction at which the peak is. */
  readonly peakAt: {
    /** Its index in the plan. */
    readonly instruction: number;
    /** Name of its op. */
    readonly op: string;
    /** Module path of its layer. */
    readonly path: string;
  };
  /** Bytes that the program reserves for everything except weights and optimizer state. */
  readonly arenaBytes: number;
  /** Weights, optimizer state and arena together. */
  readonly totalBytes: number;
  /** Host memory on top of that while a checkpoint is saved or loaded. */
  readonly transferBytes: number;
  /**
   * Memory of the whole training process, including evaluation and loaders; only with `loading`.
   */
  readonly resident?: ResidentMemory;
  /** Predicted time of the step; only with prices. */
  readonly time?: StepTime;
  /** How the backward pass gets the values that it reads. */
  readonly rebuilds: PlannedRebuilds;
  /** Bytes of each layer, and whether it is in place. */
  readonly layers: readonly PlannedLayer[];
  /** Operands of joins, and whether they are copied. */
  readonly slices: readonly PlannedSlice[];
  /** The same network with ordinary batch norm under PyTorch's buffer rules. */
  readonly ordinary: BytesByKind;
}

/**
 * Plans one training step of the configuration at `batch` images; needs no data and allocates no arena.
 *
 * @param batch images of this process
 * @param loading how images are read, and by how many processes; adds the memory of the whole process
 * @param prices measured times of instructions; adds the predicted time of the step, and chooses by seconds
 * what a budget recomputes
 * @throws UsageError for a network, paths or shards that cannot be planned (codes ERR_NO_MATCH, ERR_SHARDS);
 *   BudgetError (ERR_BUDGET) if no plan fits `memory_budget`
 */
export function planReport(
  config: TrainConfig,
  batch: number,
  device: Device,
  loading?: LoadingOptions,
  prices?: PriceList,
): {
  /** Bytes, layers and peak. */
  report: PlanReport;
  /** The reported plan. */
  plan: Plan;
} {
  const task = taskOf(config);
  const network = task.network();
  const sizes = { batch, evaluationBatches: loading ? [batch] : [] };
  const peers = peersOnPaper(loading?.processes ?? 1);
  const programs = planPrograms(network, task, config, device, sizes, peers, { prices });
  const { training, parts, session } = programs;
  const arenaBytes = Math.max(...parts.map(({ plan }) => plan.raw.arenaBytes));
  const states = network.namedStates();
  const { raw: plan, layers, rebuilt: rebuilds } = training.plan;
  const at = plan.instructions[plan.peak.instruction];
  const report: PlanReport = {
    arch: config.network.arch,
    batch,
    crop: config.input.crop_train,
    precision: config.network.precision,
    libraries: device.libraries,
    bytes: plan.bytes,
    peak: plan.peak.bytes,
    peakAt: { instruction: plan.peak.instruction, op: at?.node.op.name ?? '', path: at?.node.path ?? '' },
    arenaBytes: plan.arenaBytes,
    totalBytes: arenaBytes + session.stateBytes,
    transferBytes: transferBytes(states),
    ...(loading && { resident: residentOf(programs, aroundParts(config, states, loading)) }),
    ...(prices && {
      time: stepTime(
        parts.map((part) => part.plan.raw),
        prices,
        device,
      ),
    }),
    rebuilds,
    layers,
    slices: plannedSlices(plan),
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

function stepOf(config: TrainConfig, shape: BatchShape): Graph {
  const task = taskOf(config);
  return trainingStep(task.network(), config.optimizer, shape, task.objective);
}
