/** A network with its training and evaluation programs over one store and one arena. */
import { createHash } from 'node:crypto';
import { PIECE_BYTES } from '@inplace-abn/checkpoint';
import {
  type Device,
  type HostTensor,
  KernelChoices,
  type KernelNames,
  NotFiniteError,
  type Plan,
  type PriceList,
  type Store,
  type Timing,
  type TypedArray,
  UsageError,
  valueInfo,
} from '@inplace-abn/core';
import { type Batch, type Sides, shareSize } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import { AVERAGED, type AverageOptions, averagesOf, optimizerStateName } from '@inplace-abn/optim';
import type { Session, SessionStep, StateTensors } from '@inplace-abn/session';
import {
  ALONE,
  type Outputs,
  type Peers,
  type RunEngine,
  type RunKernels,
  type StepInputs,
  type StepResult,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { aroundParts, type LoadingOptions } from '../data/memory.js';
import { type BatchShape, describeCrop, type ImageInputs, imageArrays } from '../task/images.js';
import type { Task } from '../task/task.js';
import { taskOf } from '../tasks/registry.js';
import { averageOf } from './average.js';
import type { VisitInstruction } from './inspected.js';
import { PartInputs } from './part-inputs.js';
import { type PlannedPrograms, planPrograms } from './plan-programs.js';

const NOTHING_LABELED: StepResult = { loss: Number.NaN, outputs: { labeled: [0] } };

/** Options of an {@link Engine}. */
export interface EngineOptions {
  /** Where the network runs. */
  readonly device: Device;
  /** Network, optimizer, loss and memory budget. */
  readonly config: TrainConfig;
  /** Sizes of the evaluation batches: full ones and the last. */
  readonly evaluationBatches: readonly number[];
  /** The processes that share each batch; default: this one alone. */
  readonly peers?: Peers;
  /** How images are read; if given, the memory of their loaders has to fit too. */
  readonly loading?: LoadingOptions;
  /** Measured times of instructions, to choose by seconds what a memory budget recomputes. */
  readonly prices?: PriceList;
}

/** A network and its programs before anything is allocated. */
export interface PlannedEngine extends PlannedPrograms {
  readonly task: Task;
  readonly network: Module;
  readonly shape: BatchShape;
}

/** Plans the programs with the kernels that `choices` requests, and records the kernels there. */
export function planEngine(
  { device, config, evaluationBatches, peers = ALONE, prices }: EngineOptions,
  choices: KernelChoices,
): PlannedEngine {
  const task = taskOf(config);
  const network = task.network();
  const shape = { batch: localBatch(config, peers), crop: config.input.crop_train };
  const sizes = { batch: shape.batch, evaluationBatches };
  const programs = planPrograms(network, task, config, device, sizes, peers, { choices, prices });
  return { task, network, shape, ...programs };
}

/** A network with its training and evaluation programs over one store and one arena. */
export class Engine implements RunEngine {
  /** The configured task: classification, multi-label or segmentation. */
  readonly task: Task;
  /** The modules that are trained. */
  readonly network: Module;
  /** Holds the weights, and runs the steps. */
  readonly session: Session<ImageInputs>;
  /** Plan of the training step or, for a batch in parts, of its last part. */
  readonly plan: Plan;
  /** The kernels that determine the last bits of its results. */
  readonly kernels: RunKernels;
  private readonly planned: PlannedEngine;
  private readonly training: SessionStep;
  private readonly peers: Peers;
  private readonly average: AverageOptions | undefined;
  private readonly inputs: PartInputs;
  private readonly traced: ((timings: readonly Timing[]) => void)[] = [];

  /**
   * Checks that the plan fits before it allocates. `agreed`: the plan and kernels that all processes agreed
   * on.
   *
   * @throws UsageError, code ERR_MEMORY, if the machine has too little memory; without `agreed` also as
   * planPrograms does: UsageError (ERR_NO_MATCH, ERR_SHARDS) and BudgetError (ERR_BUDGET)
   */
  constructor(
    options: EngineOptions,
    agreed?: { readonly planned: PlannedEngine; readonly names: KernelNames },
  ) {
    const planned = agreed?.planned ?? planEngine(options, new KernelChoices());
    const { task, network, session, training, shape } = planned;
    this.task = task;
    this.network = network;
    this.session = session;
    this.training = training;
    this.planned = planned;
    this.peers = options.peers ?? ALONE;
    this.plan = training.plan.raw;
    this.kernels = { machine: options.device.machine, names: agreed?.names ?? session.kernels };
    this.average = averageOf(options.config.ema);
    this.inputs = new PartInputs(planned, task.objective, this.peers, this.average);
    const weights = this.average ? [false, true] : [false];
    const evaluated = weights.flatMap((averaged) =>
      options.evaluationBatches.map((batch) => planned.evaluation(batch, averaged).plan),
    );
    session.reserve([...planned.parts.map(({ plan }) => plan), ...evaluated], {
      what: `batch ${shape.batch} at ${describeCrop(shape.crop)}`,
      advice: 'lower optimizer.batch_size or input.crop_train',
      others: othersOf(options, network),
    });
  }

  /** Parameters, statistics and optimizer state. */
  get store(): Store {
    return this.session.store;
  }

  /** SHA-256 of parameters, statistics and optimizer state with their names, in hexadecimal. */
  digest(): string {
    const hash = createHash('sha256');
    const names = this.store.specs.map(({ name }) => name).sort((a, b) => (a < b ? -1 : 1));
    for (const name of names) {
      hash.update(name);
      for (const piece of this.store.pieces(name, PIECE_BYTES)) hash.update(piece);
    }
    return hash.digest('hex');
  }

  /** Bytes held: the arena and the store. */
  get bytes(): number {
    return this.session.bytes;
  }

  /** Writes states by name. @throws UsageError for a tensor of another dtype or size */
  load(tensors: Iterable<readonly [name: string, tensor: HostTensor]>): void {
    for (const [name, tensor] of tensors) this.store.write(name, tensor.data);
  }

  /**
   * Like {@link load}, for tensors that may be in a file, which are read straight into the states.
   *
   * @throws UsageError for a tensor of another dtype or size, CheckpointError for a file that cannot be read
   */
  fill(tensors: StateTensors): Promise<void> {
    return this.session.fill(tensors);
  }

  /** Copies the states of rank 0 to all processes. */
  shareStates(): Promise<void> {
    return this.session.share();
  }

  /**
   * Copies the running statistics of rank 0 and their averages to all processes; unsynchronized layers have
   * different ones.
   */
  async shareBuffers(): Promise<void> {
    if (this.peers.size === 1) return;
    const buffers = this.store.specs.filter(({ kind }) => kind === 'buffer');
    const averages = this.average ? averagesOf(buffers) : [];
    for (const { name } of [...buffers, ...averages]) {
      const { data } = this.store.read(name);
      const bytes = await this.peers.bytesFromFirst(bytesOf(data));
      this.store.write(name, viewAs(data, bytes));
    }
  }

  /**
   * Runs a training step on this process's share of a batch. Updates nothing if the batch has no labels, or
   * only labels of class weight 0.
   *
   * @throws NotFiniteError, naming the first layer whose value is not finite, before any update
   */
  async train(batch: Batch, inputs: StepInputs): Promise<StepResult> {
    // The mean over no labels is NaN, and there is nothing to learn.
    const alone = !this.peers.group && !this.planned.shards;
    if (alone && this.task.objective.labeled(batch) === 0) return NOTHING_LABELED;
    const results: StepResult[] = [];
    for (const [index, arrays] of this.inputs.of(batch, inputs).entries()) {
      const part = this.planned.parts[index] ?? this.training;
      const result = await this.step(part, arrays, { batch, update: inputs.update });
      if (!result) return NOTHING_LABELED;
      results.push(result);
    }
    return results.length === 1 ? (results[0] ?? NOTHING_LABELED) : together(results);
  }

  /**
   * Runs the same step with the same bits, one instruction at a time, and calls `visit` after each with the
   * values that it wrote. `part` is the index of a part of a divided batch.
   *
   * @throws NotFiniteError after the instructions before the guard
   */
  async inspect(batch: Batch, inputs: StepInputs, visit: VisitInstruction): Promise<void> {
    if (this.counted(batch) === 0) return;
    for (const [part, arrays] of this.inputs.of(batch, inputs).entries()) {
      const step = this.planned.parts[part] ?? this.training;
      const { graph } = step.plan.raw;
      await step.inspect(arrays, (instruction, node, outputs) => {
        const values = outputs.map((data, i) => ({ ...valueInfo(graph, node.outputs[i] ?? -1), data }));
        visit({ part, instruction, op: node.op.name, path: node.path, phase: node.phase, values });
      });
    }
  }

  /** The divisor of the mean loss of this process's share of a batch. */
  private counted(batch: Batch): number {
    const { weight, labeled } = this.task.objective;
    return weight ? weight(batch) : labeled(batch);
  }

  /** Runs the step of a part of `batch`; null if no label counts on any process. */
  private async step(
    step: SessionStep,
    inputs: Record<string, TypedArray>,
    { batch, update }: { readonly batch: Batch; readonly update: number },
  ): Promise<StepResult | null> {
    try {
      const { outputs, timings } = await step.run(inputs, { timed: this.traced.length > 0 });
      for (const listener of this.traced) listener(timings);
      return resultOf(outputs);
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw atStep(update, error);
      // The loss is that of all processes, so all of them are here.
      const [counted] = await this.peers.sum(Float64Array.of(this.counted(batch)));
      if (counted === 0) return null;
      const layer = await step.firstNonFinite(inputs);
      const where = layer ? `; the first value that is not finite comes from ${layer}` : '';
      throw new NotFiniteError(
        `step ${update}: ${error.message}${where}. Nothing was updated in this step. Try a lower learning rate, or clipping (optimizer.clip).`,
      );
    }
  }

  /** Whether it keeps averages of the weights. */
  get averages(): boolean {
    return this.average !== undefined;
  }

  /** Starts the averages at the current weights. */
  beginAverages(): void {
    if (!this.average) return;
    for (const { name, kind, dtype } of this.store.specs) {
      if (kind === 'optimizer' || dtype !== 'float32') continue;
      this.store.write(optimizerStateName(name, AVERAGED), this.store.read(name).data);
    }
  }

  /** Whether the device can receive a batch while it trains another; not with parts or shards. */
  get prefetches(): boolean {
    const { parts, shards } = this.planned;
    return parts.length === 1 && !shards && this.training.prefetches;
  }

  /** Starts copying the batch of the next step to the device. Pass the same batch to train(). */
  prefetch(batch: Batch): void {
    const arrays = this.inputs.images(batch);
    if (arrays) this.training.prefetch(arrays);
  }

  /** Calls `listener` with the times of every training step from now on. */
  trace(listener: (timings: readonly Timing[]) => void): void {
    this.traced.push(listener);
  }

  /** Evaluates a batch with the weights or, if `averaged`, with their averages. */
  async evaluate(batch: Batch, crop: Sides, averaged = false): Promise<StepResult> {
    const shape = { batch: batch.size, crop };
    const labels = this.task.objective.labelArray(batch, shape);
    const step = this.planned.evaluation(batch.size, averaged);
    const { outputs } = await step.run({ ...imageArrays(batch, shape), labels });
    return resultOf(outputs);
  }
}

/** Bytes of host memory outside the plans, if the device uses host memory. */
function othersOf({ device, config, loading, peers = ALONE }: EngineOptions, network: Module): number {
  if (!loading || device.limitedBy === undefined) return 0;
  // The cache only holds as many images as there are, and its limit may be far larger.
  const uncached: TrainConfig = { ...config, data: { ...config.data, cache: '' } };
  const parts = aroundParts(uncached, network.namedStates(), { ...loading, processes: peers.size });
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Combines the parts of a step. Counts are per part, and losses are shares of the whole batch's loss. */
function together(results: readonly StepResult[]): StepResult {
  const last = results.at(-1) ?? NOTHING_LABELED;
  const loss = results.reduce((sum, part) => sum + part.loss, 0);
  const outputs = Object.entries(last.outputs).map(([name, values]): [string, ArrayLike<number | bigint>] => {
    // These are values of the whole batch already.
    if (name === 'labeled' || name === 'gradient_norm') return [name, values];
    const sums = Array.from(values, (_, i) => {
      return results.reduce((sum, part) => sum + Number(part.outputs[name]?.[i] ?? 0), 0);
    });
    return [name, sums];
  });
  return { loss, outputs: Object.fromEntries(outputs) };
}

function resultOf({ loss, ...outputs }: Outputs): StepResult {
  return { loss: Number(loss?.[0]), outputs };
}

/**
 * This process's images of a training batch.
 *
 * @throws UsageError if some process would have none and statistics are not synchronized
 */
function localBatch({ optimizer, network }: TrainConfig, { rank, size }: Peers): number {
  if (optimizer.batch_size < size && network.bn_mode !== 'sync') {
    throw new UsageError(
      `optimizer.batch_size is ${optimizer.batch_size} for ${size} processes, so some would have no image to normalize by: ` +
        'choose a larger batch, fewer processes, or network.bn_mode sync',
    );
  }
  return shareSize(optimizer.batch_size, { rank, size });
}

/** Says in which step a collective or a kernel failed. */
function atStep(update: number, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`step ${update}: ${message}`, { cause: error });
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Bytes as an array of the type of `like`. */
function viewAs<A extends TypedArray>(like: A, { buffer, byteOffset }: Uint8Array): A {
  const Type = like.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => A;
  return new Type(buffer, byteOffset, like.length);
}
