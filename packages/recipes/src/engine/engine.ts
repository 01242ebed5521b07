/** A network with its training and evaluation programs over one store and one arena. */
import {
  type Device,
  type HostTensor,
  KernelChoices,
  type KernelNames,
  NotFiniteError,
  type Plan,
  type Store,
  type Timing,
  type TypedArray,
  UsageError,
} from '@inplace-abn/core';
import { type Batch, type Sides, shareSize } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import type { Session, SessionStep, StateTensors } from '@inplace-abn/session';
import {
  ALONE,
  type Outputs,
  type Peers,
  type RunEngine,
  type StepInputs,
  type StepResult,
} from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { type BatchShape, describeCrop, type ImageInputs, imageArrays } from '../task/images.js';
import type { Task } from '../task/task.js';
import { taskOf } from '../tasks/registry.js';
import { type PlannedPrograms, planPrograms } from './plan-programs.js';

const NOTHING_LABELED: StepResult = { loss: Number.NaN, outputs: {} };
/** Far from the seeds of the steps to come. */
const RANK_SEED = 0x9e3779b1;

/** A batch as the programs take it. */
type StepArrays = ReturnType<typeof imageArrays> & { readonly labels: Int32Array | Uint8Array };

/** Options of an {@link Engine}. */
export interface EngineOptions {
  readonly device: Device;
  readonly config: TrainConfig;
  /** Sizes of the evaluation batches that will come: a full one and the last. */
  readonly evaluationBatches: readonly number[];
  /** The processes that share each batch; default: this one alone. */
  readonly peers?: Peers;
}

/** A network and its programs before anything is allocated. */
export interface PlannedEngine extends PlannedPrograms {
  readonly task: Task;
  readonly network: Module;
  readonly shape: BatchShape;
}

/** Plans the programs with the kernels that `choices` asks for, and keeps there which they are. */
export function planEngine(
  { device, config, evaluationBatches, peers = ALONE }: EngineOptions,
  choices: KernelChoices,
): PlannedEngine {
  const task = taskOf(config);
  const network = task.network();
  const shape = { batch: localBatch(config, peers), crop: config.input.crop_train };
  const sizes = { batch: shape.batch, evaluationBatches };
  const programs = planPrograms(network, task, config, device, sizes, peers, choices);
  return { task, network, shape, ...programs };
}

export class Engine implements RunEngine {
  readonly task: Task;
  readonly network: Module;
  readonly session: Session<ImageInputs>;
  /** Of the training step. */
  readonly plan: Plan;
  /** Its numbers depend on these to the last bit. */
  readonly kernels: { readonly machine: string; readonly names: KernelNames };
  private readonly planned: PlannedEngine;
  private readonly training: SessionStep;
  private readonly peers: Peers;
  private readonly traced: ((timings: readonly Timing[]) => void)[] = [];

  /** Checks that the plan fits in memory before anything is allocated. `agreed`: a plan, and kernels of all processes. */
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
    const evaluated = options.evaluationBatches.map((batch) => planned.evaluation(batch).plan);
    session.reserve([training.plan, ...evaluated], {
      what: `batch ${shape.batch} at ${describeCrop(shape.crop)}`,
      advice: 'lower optimizer.batch_size or input.crop_train',
    });
  }

  /** Parameters, statistics and optimizer state. */
  get store(): Store {
    return this.session.store;
  }

  /** Bytes held: the arena and the store. */
  get bytes(): number {
    return this.session.bytes;
  }

  /** Writes states by name. */
  load(tensors: Iterable<readonly [name: string, tensor: HostTensor]>): void {
    for (const [name, tensor] of tensors) this.store.write(name, tensor.data);
  }

  /** The same of tensors that may be in a file: they are read straight into the states. */
  fill(tensors: StateTensors): Promise<void> {
    return this.session.fill(tensors);
  }

  /** Gives all processes the states of rank 0. */
  shareStates(): Promise<void> {
    return this.session.share();
  }

  /** Gives all processes the running statistics of rank 0: without synchronized layers each has its own. */
  async shareBuffers(): Promise<void> {
    if (this.peers.size === 1) return;
    for (const [name, { data }] of this.store.stateDict('buffer')) {
      const bytes = await this.peers.bytesFromFirst(bytesOf(data));
      this.store.write(name, viewAs(data, bytes));
    }
  }

  /**
   * One training step, on this process's share of a batch. Nothing is updated where no label of the batch counts. Throws
   * NotFiniteError, naming the first layer with a value that is not finite, before any state was updated.
   */
  async train(
    batch: Batch,
    { rates, update, seed, halt = 0, unreadable = 0 }: StepInputs,
  ): Promise<StepResult> {
    const labeled = this.task.objective.labeled(batch);
    const { group } = this.peers;
    // The mean over no labels is not a number, and nothing can be learnt from them.
    if (labeled === 0 && !group) return NOTHING_LABELED;
    const inputs = {
      ...this.arraysOf(batch, this.planned.shape),
      lr: Float32Array.of(rates.base),
      lr_classifier: Float32Array.of(rates.classifier),
      step: Float32Array.of(update),
      // Random draws are of each process's own.
      seed: Int32Array.of((seed + this.peers.rank * RANK_SEED) | 0),
      ...(group && {
        labeled: Float32Array.of(labeled),
        halt: Int32Array.of(halt),
        unreadable: Int32Array.of(unreadable),
      }),
    };
    try {
      const { outputs, timings } = await this.training.run(inputs, { timed: this.traced.length > 0 });
      for (const listener of this.traced) listener(timings);
      return resultOf(outputs);
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw atStep(update, error);
      // Over all processes.
      if (group && this.training.output('labeled')?.[0] === 0) return NOTHING_LABELED;
      const layer = await this.training.firstNonFinite(inputs);
      const where = layer ? `; the first value that is not finite comes from ${layer}` : '';
      throw new NotFiniteError(
        `step ${update}: ${error.message}${where}. Nothing was updated in this step. Try a lower learning rate, or clipping (optimizer.clip).`,
      );
    }
  }

  /** Whether the device takes a batch while it still works on another. */
  get prefetches(): boolean {
    return this.training.prefetches;
  }

  /** Lets the batch of the step after the one under way move to the device; train() is given the same. */
  prefetch(batch: Batch): void {
    this.training.prefetch(this.arraysOf(batch, this.planned.shape));
  }

  /** Calls `listener` with the times of every training step from now on. */
  trace(listener: (timings: readonly Timing[]) => void): void {
    this.traced.push(listener);
  }

  async evaluate(batch: Batch, crop: Sides): Promise<StepResult> {
    const arrays = this.arraysOf(batch, { batch: batch.size, crop });
    const { outputs } = await this.planned.evaluation(batch.size).run(arrays);
    return resultOf(outputs);
  }

  private arraysOf(batch: Batch, shape: BatchShape): StepArrays {
    return { ...imageArrays(batch, shape), labels: this.task.objective.labelArray(batch, shape) };
  }
}

function resultOf({ loss, ...outputs }: Outputs): StepResult {
  return { loss: Number(loss?.[0]), outputs };
}

/** Images of a training batch that are this process's. Throws UsageError where a process would have none to normalize by. */
function localBatch({ optimizer, network }: TrainConfig, { rank, size }: Peers): number {
  if (optimizer.batch_size < size && network.bn_mode !== 'sync') {
    throw new UsageError(
      `optimizer.batch_size is ${optimizer.batch_size} for ${size} processes, so some have no image to take statistics of: ` +
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
