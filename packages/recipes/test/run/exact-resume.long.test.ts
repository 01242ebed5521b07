/** Many random runs, interrupted and resumed with another number of workers and by several processes. */
import { join } from 'node:path';
import { readMetrics } from '@inplace-abn/train';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { temporaryFolder } from '../../../train/test/support/images.js';
import type { TrainJob } from '../parallel/train.job.js';
import {
  type DrawnRun,
  drawnConfig,
  drawnRuns,
  expectExactResume,
  foldersOfTasks,
  linesOf,
  TASKS,
} from '../support/drawn-runs.js';
import { expectSameState, lastState, runTraining } from '../support/runs.js';

const JOB = new URL('../parallel/train.job.ts', import.meta.url);

describe('a resumed run has the bits of an uninterrupted one', () => {
  let folders: Awaited<ReturnType<typeof foldersOfTasks>>;
  let pool: Pool;
  beforeAll(async () => {
    folders = await foldersOfTasks();
    pool = await Pool.start(2);
  });
  afterAll(() => pool.close());

  it('whatever its options', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRuns(...TASKS), (run) => expectExactResume(run, folders)),
      { numRuns: 40, endOnFailure: true },
    );
  });

  const together = (run: DrawnRun, logDir: string, job: Omit<TrainJob, 'logDir' | 'data'>) =>
    pool.run(JOB, (): TrainJob => ({ data: folders[run.task], logDir, ...job }));

  it('on two processes', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRuns(...TASKS), async (run) => {
        const config = drawnConfig(unlimited(run), { network: { ...run.sections.network, bn_mode: 'sync' } });
        const [whole, halved] = [await newRun(), await newRun()];
        await together(run, whole, { config, maxSteps: run.steps });
        await together(run, halved, { config, maxSteps: run.interrupted });
        const resume = join(halved, 'checkpoints');
        await together(run, halved, { config, resume, maxSteps: run.steps, workers: run.workers });
        expectSameState(await lastState(halved), await lastState(whole));
        expect(await linesOf(halved)).toEqual(await linesOf(whole));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  // Several processes sum in a different order than one, so losses are close, not equal. Gradient
  // accumulation and terms that are not means over images depend on how the batch is divided, so they are
  // left out.
  it('up to rounding if two processes resume a run of one, on the images that come next', async () => {
    await fc.assert(
      fc.asyncProperty(drawnRuns(...TASKS), async (run) => {
        const { network, optimizer, loss } = run.sections;
        const config = drawnConfig(unlimited(run), {
          network: {
            ...network,
            bn_mode: 'sync',
            precision: 'float32',
            activation: 'elu',
            activation_param: 1,
          },
          optimizer: { ...optimizer, accumulate: 1 },
          loss: {
            ...loss,
            ...(run.task === 'segmentation' && { dice: 0, lovasz: 0.5, lovasz_per_image: true }),
          },
        });
        const [begun, alone] = [await newRun(), await newRun()];
        const data = folders[run.task];
        await runTraining({ config, data, logDir: alone, maxSteps: run.interrupted + 1 });
        await runTraining({ config, data, logDir: begun, maxSteps: run.interrupted });
        const resume = join(begun, 'checkpoints');
        await together(run, begun, { config, resume, maxSteps: run.interrupted + 1 });
        const [found, wanted] = [
          await lossAfter(begun, run.interrupted),
          await lossAfter(alone, run.interrupted),
        ];
        expect(Math.abs(found - wanted)).toBeLessThan(1e-4 * Math.max(1, wanted));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });
});

/** The run without its memory budget, which is planned for the batch of one process. */
const unlimited = (run: DrawnRun): DrawnRun => ({ ...run, arena: 1 });

const newRun = async () => join(await temporaryFolder(), 'run');

/** The loss of step `steps` + 1. */
async function lossAfter(logDir: string, steps: number): Promise<number> {
  const records = await readMetrics(join(logDir, 'metrics.jsonl'));
  const record = records.find(({ phase, step }) => phase === 'train' && step === steps + 1);
  return record?.loss ?? Number.NaN;
}
