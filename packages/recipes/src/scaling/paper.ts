/** The training step of one process among many, compiled without the others. */
import type { Device, Plan } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import type { TrainConfig } from '../config/schema.js';
import { peersOnPaper } from '../engine/paper-peers.js';
import { type PlannedPrograms, planPrograms } from '../engine/plan-programs.js';
import { taskOf } from '../tasks/registry.js';

/** The configuration with `batch` images for each of `processes`. */
export function sharedConfig(config: TrainConfig, batch: number, processes: number): TrainConfig {
  return { ...config, optimizer: { ...config.optimizer, batch_size: batch * processes } };
}

/** Compiled steps and the network that they train. */
export interface PaperPrograms {
  /** The steps of a batch. They run only to be measured. */
  readonly programs: PlannedPrograms;
  /** The network that they train. */
  readonly network: Module;
}

/**
 * Plans the step of one process with `batch` images, one of `processes` with equal shares.
 *
 * @throws UsageError for a network, paths or shards that cannot be planned (codes ERR_NO_MATCH, ERR_SHARDS);
 *   BudgetError (ERR_BUDGET) if no plan fits `memory_budget`
 */
export function planOnPaper(
  config: TrainConfig,
  batch: number,
  processes: number,
  device: Device,
): PaperPrograms {
  const task = taskOf(config);
  const network = task.network();
  const shared = sharedConfig(config, batch, processes);
  const sizes = { batch, evaluationBatches: [] };
  const programs = planPrograms(network, task, shared, device, sizes, peersOnPaper(processes));
  return { programs, network };
}

/** The compiled steps of a batch, in order. */
export function plansOf({ programs }: PaperPrograms): Plan[] {
  return programs.parts.map(({ plan }) => plan.raw);
}
