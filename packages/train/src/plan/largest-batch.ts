/** The largest batch that fits a budget, found on plans alone. */
import { type Device, formatBytes, UsageError } from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { planPrograms } from '../engine/plan-programs.js';
import { taskOf } from '../task/registry.js';

export interface LargestBatch {
  readonly batch: number;
  /** Arena, weights and optimiser state of training and evaluation at that batch. */
  readonly bytes: number;
}

/** No configuration here comes near it. */
const MOST = 2 ** 16;

/**
 * With nothing computed again but what costs next to nothing. Training and evaluation, with the last, smaller batch where `validationImages` says how large it is, must fit in `budget`
 * bytes on `device`. Throws UsageError where one image does not.
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
  const least = bytesAt(1);
  if (least > budget) {
    throw new UsageError(
      `a batch of one image needs ${formatBytes(least)} but the budget is ${formatBytes(budget)}: lower input.crop_train or network.width, or raise the budget`,
    );
  }
  let [fits, fitting] = [1, least];
  let tooLarge = 2;
  for (let bytes = bytesAt(tooLarge); bytes <= budget && tooLarge < MOST; bytes = bytesAt(tooLarge)) {
    [fits, fitting] = [tooLarge, bytes];
    tooLarge *= 2;
  }
  while (tooLarge - fits > 1) {
    const middle = (fits + tooLarge) >> 1;
    const bytes = bytesAt(middle);
    if (bytes <= budget) [fits, fitting] = [middle, bytes];
    else tooLarge = middle;
  }
  return { batch: fits, bytes: fitting };
}
