/** The programs of a run, planned before anything is allocated: they share one store and one arena. */
import {
  compile,
  type Device,
  formatBytes,
  type Graph,
  type KernelChoices,
  type Plan,
  type StateSpec,
  statesOf,
  storeBytes,
  UsageError,
} from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import type { Peers } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { evaluationStep } from '../step/evaluation-step.js';
import { trainingStep } from '../step/training-step.js';
import type { Task } from '../task/task.js';

export interface ProgramSizes {
  /** Images of this process's training batch. */
  readonly batch: number;
  /** Sizes of the evaluation batches that will come: a full one and the last. */
  readonly evaluationBatches: readonly number[];
}

export interface PlannedPrograms {
  readonly training: Plan;
  readonly evaluation: readonly { readonly batch: number; readonly plan: Plan }[];
  readonly states: readonly StateSpec[];
  readonly arenaBytes: number;
  /** Arena, weights and optimiser state. */
  readonly neededBytes: number;
}

export function planPrograms(
  network: Module,
  { objective }: Pick<Task, 'objective'>,
  { network: { precision, keep_inputs }, optimizer, input, memory_budget }: TrainConfig,
  device: Device,
  { batch, evaluationBatches }: ProgramSizes,
  group: Peers['group'] = null,
  choices?: KernelChoices,
): PlannedPrograms {
  const trainGraph = trainingStep(network, optimizer, { batch, crop: input.crop_train }, objective, group);
  const evalGraphs = [...new Set(evaluationBatches)].map((images) => {
    return {
      batch: images,
      graph: evaluationStep(network, { batch: images, crop: input.crop_val }, objective),
    };
  });
  const budget = arenaBudget(trainGraph, memory_budget);
  const training = compile(trainGraph, device, {
    precision,
    budget,
    choices,
    keep: new Set(keep_inputs),
  });
  const evaluation = evalGraphs.map(({ batch: images, graph }) => {
    return { batch: images, plan: compile(graph, device, { precision, budget, choices }) };
  });
  const arenaBytes = Math.max(training.arenaBytes, ...evaluation.map(({ plan }) => plan.arenaBytes));
  return {
    training,
    evaluation,
    states: statesOf(trainGraph, ...evalGraphs.map(({ graph }) => graph)),
    arenaBytes,
    neededBytes: arenaBytes + training.bytes.weights + training.bytes.optimizer,
  };
}

/**
 * What `memory_budget` leaves for the arena beside the states of a training step; undefined where it is −1, none. Throws
 * UsageError where it is less than those states.
 */
export function arenaBudget(graph: Graph, memoryBudget: number): number | undefined {
  if (memoryBudget < 0) return undefined;
  const { weights, optimizer } = storeBytes(graph);
  const left = memoryBudget - weights - optimizer;
  if (left > 0) return left;
  throw new UsageError(
    `memory_budget ${formatBytes(memoryBudget)} is less than weights and optimiser state take, ` +
      `${formatBytes(weights + optimizer)}: raise it, or lower network.width`,
  );
}
