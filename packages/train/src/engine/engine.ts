/** A network with its training and evaluation programs over one store and one arena. */
import {
  compile,
  type Device,
  type HostTensor,
  NotFiniteError,
  type Plan,
  Program,
  Store,
  statesOf,
} from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import type { TrainConfig } from '../config/schema.js';
import { evaluationStep } from '../step/evaluation-step.js';
import { type BatchShape, imageArrays } from '../step/images.js';
import { trainingStep } from '../step/training-step.js';
import { taskOf } from '../task/registry.js';
import type { Outputs, Task } from '../task/task.js';
import { firstNonFinite } from './diagnose.js';
import { checkFits } from './fits.js';
import type { LearningRates } from './learning-rate.js';

export interface StepResult {
  /** Mean over what is labelled: the images of the batch, or their pixels. */
  readonly loss: number;
  /** What the task's meter counts from. */
  readonly outputs: Outputs;
}

export interface EngineOptions {
  readonly device: Device;
  readonly config: TrainConfig;
  /** Sizes of the evaluation batches that will come: a full one and the last. */
  readonly evaluationBatches: readonly number[];
}

export class Engine {
  readonly task: Task;
  readonly network: Module;
  readonly store: Store;
  readonly plan: Plan;
  private readonly training: Program;
  private readonly evaluation: ReadonlyMap<number, Program>;
  private readonly shape: BatchShape;

  /** Plans everything and checks that it fits in memory before anything is allocated. */
  constructor({ device, config, evaluationBatches }: EngineOptions) {
    const { optimizer, input } = config;
    this.task = taskOf(config);
    this.network = this.task.network();
    this.shape = { batch: optimizer.batch_size, crop: input.crop_train };
    const { precision } = config.network;
    const { objective } = this.task;
    const trainGraph = trainingStep(this.network, optimizer, this.shape, objective);
    const evalGraphs = [...new Set(evaluationBatches)].map((batch) => {
      return { batch, graph: evaluationStep(this.network, { batch, crop: input.crop_val }, objective) };
    });
    this.plan = compile(trainGraph, device, { precision });
    const evalPlans = evalGraphs.map(({ batch, graph }) => ({
      batch,
      plan: compile(graph, device, { precision }),
    }));
    const arenaBytes = Math.max(this.plan.arenaBytes, ...evalPlans.map(({ plan }) => plan.arenaBytes));
    const states = statesOf(trainGraph, ...evalGraphs.map(({ graph }) => graph));
    const needed = arenaBytes + this.plan.bytes.weights + this.plan.bytes.optimizer;
    const what = `batch ${this.shape.batch} at ${this.shape.crop}×${this.shape.crop}`;
    checkFits(device, needed, what, 'lower optimizer.batch_size or input.crop_train');
    this.store = new Store(device, states);
    const arena = device.allocate(arenaBytes);
    this.training = new Program(this.plan, device, this.store, arena);
    this.evaluation = new Map(
      evalPlans.map(({ batch, plan }) => [batch, new Program(plan, device, this.store, arena)]),
    );
  }

  /** Bytes the programs hold: the arena and the store. */
  get bytes(): number {
    return this.training.arena.bytes + this.store.bytes;
  }

  load(tensors: ReadonlyMap<string, HostTensor>): void {
    for (const [name, tensor] of tensors) this.store.write(name, tensor.data);
  }

  /**
   * One training step; `update` counts from 1. Nothing is updated where no label of the batch counts. Throws NotFiniteError, naming the first layer with a value that is
   * not finite, before any state was updated.
   */
  async train(batch: Batch, rates: LearningRates, update: number, seed: number): Promise<StepResult> {
    const arrays = this.arraysOf(batch, this.shape);
    // The mean over no labels is not a number, and nothing can be learnt from them.
    if (this.task.objective.labelled(arrays.labels) === 0) return { loss: Number.NaN, outputs: {} };
    const inputs = {
      ...arrays,
      lr: Float32Array.of(rates.base),
      lr_classifier: Float32Array.of(rates.classifier),
      step: Float32Array.of(update),
      seed: Int32Array.of(seed),
    };
    try {
      const { outputs } = await this.training.run(inputs);
      return resultOf(outputs);
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw error;
      const layer = await firstNonFinite(this.training, inputs);
      const where = layer ? `; the first value that is not finite comes from ${layer}` : '';
      throw new NotFiniteError(
        `step ${update}: ${error.message}${where}. Nothing was updated in this step. Try a lower learning rate, or clipping (optimizer.clip).`,
      );
    }
  }

  async evaluate(batch: Batch, crop: number): Promise<StepResult> {
    const program = this.evaluation.get(batch.size);
    if (!program) throw new RangeError(`no evaluation program for a batch of ${batch.size}`);
    const { outputs } = await program.run(this.arraysOf(batch, { batch: batch.size, crop }));
    return resultOf(outputs);
  }

  private arraysOf(batch: Batch, shape: BatchShape) {
    return { ...imageArrays(batch, shape), labels: this.task.objective.labelArray(batch, shape) };
  }
}

function resultOf({ loss, ...outputs }: Outputs): StepResult {
  return { loss: Number(loss?.[0]), outputs };
}
