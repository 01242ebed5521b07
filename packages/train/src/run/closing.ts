/** The closing lines of a run. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BEST_FILE } from '@inplace-abn/checkpoint';
import { METRICS, type MetricName } from '../meters/metrics.js';
import { checkpointsOf, type RunFolder } from '../run-folder/run-folder.js';
import type { Position } from './position.js';
import type { TrainOutcome } from './training-run.js';

/**
 * Tells the user, in a program's terms, how to continue from a checkpoint folder, or from null: no checkpoint
 * yet.
 */
export type ContinueWith = (checkpoints: string | null) => string;

/** How to continue an interrupted run, or the results of a complete one and their location. */
export async function closingLines(
  folder: RunFolder,
  criterion: MetricName,
  { step, best }: Position,
  stopped: TrainOutcome['stopped'],
  continueWith: ContinueWith = (checkpoints) => checkpoints ?? 'a new start: it has no checkpoint yet',
): Promise<string[]> {
  if (stopped) {
    const how = continueWith(await checkpointsOf(resolve(folder.path)));
    return [`stopped after step ${step}; continue with ${how}`];
  }
  const checkpoint = join(folder.checkpointsPath, BEST_FILE);
  const reached = `best ${METRICS[criterion].label} ${best.toFixed(2)} %`;
  return [
    existsSync(checkpoint) ? `${reached}: ${checkpoint}` : `checkpoints: ${folder.checkpointsPath}`,
    `report: ${folder.reportPath}`,
  ];
}
