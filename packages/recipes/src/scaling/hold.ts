/** Which batches keep a cluster busy. */
import type { TrainConfig } from '../config/schema.js';
import type { Pricing } from './pricing.js';
import { paperSteps, type ScalingOptions, type ScalingReport, scalingReport } from './report.js';

/** Largest batch per process that is tried. */
const MOST = 4096;

/** The smallest power of two of images that gives every part of every shard of a process one image. */
function fewestImages({ deterministic_world: shards, optimizer }: TrainConfig, processes: number): number {
  return shards === 0 ? 1 : 2 ** Math.ceil(Math.log2((shards / processes) * optimizer.accumulate));
}

/**
 * The smallest power of two of images per process with an efficiency of at least `share`; null if none up to
 * 4096 has it. Plans each batch that it tries, except that of `known`, whose instructions may have been
 * measured.
 *
 * @throws BudgetError, code ERR_BUDGET, if a batch that is tried has no plan within `memory_budget`
 */
export function batchThatHolds(
  share: number,
  config: TrainConfig,
  options: ScalingOptions,
  pricing: Pricing,
  known: ScalingReport,
): number | null {
  const holds = (batch: number): boolean => {
    if (batch === known.batch) return known.efficiency >= share;
    const tried = { ...options, batch };
    return scalingReport(config, tried, paperSteps(config, tried), pricing).efficiency >= share;
  };
  const fewest = fewestImages(config, known.processes);
  let batch = Math.max(fewest, 2 ** Math.floor(Math.log2(options.batch)));
  if (holds(batch)) {
    while (batch > fewest && holds(batch / 2)) batch /= 2;
    return batch;
  }
  while (batch < MOST) {
    batch *= 2;
    if (holds(batch)) return batch;
  }
  return null;
}
