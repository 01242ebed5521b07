/** The largest batch that fits a budget, found on plans alone. */
import { type Device, formatBytes, largestWithin, UsageError } from '@inplace-abn/core';
import { planPrograms, type TrainConfig, taskOf } from '@inplace-abn/recipes';

export interface LargestBatch {
  readonly batch: number;
  /** Arena, weights and optimizer state of training and evaluation at that batch. */
  readonly bytes: number;
}

/**
 * Recomputes no more than a plan does without a budget. Training and evaluation must fit in `budget` bytes on `device`, with the last,
 * smaller batch where `validationImages` says how large it is. Throws UsageError where one image does not.
 */
export function largestBatch(
  config: TrainConfig,
  device: Device,
  budget: number,
  validationImages?: number,
): LargestBatch {
  const task = taskOf(config);
  const network = task.network();
  const kept = { ...config, memory_budget: -1 };
  const bytesAt = (batch: number): number => {
    const last = validationImages === undefined ? 0 : validationImages % batch;
    const evaluationBatches = last > 0 ? [batch, last] : [batch];
    return planPrograms(network, task, kept, device, { batch, evaluationBatches }).neededBytes;
  };
  const found = largestWithin(budget, bytesAt);
  if (found) return { batch: found.size, bytes: found.bytes };
  throw new UsageError(
    `a batch of one image needs ${formatBytes(bytesAt(1))} but the budget is ${formatBytes(budget)}: lower input.crop_train or network.width, or raise the budget`,
  );
}
