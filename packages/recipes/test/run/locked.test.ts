/** Two runs in one folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readMetrics } from '@inplace-abn/train';
import { expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { configOf, lastState, Output, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

it('a run in progress cannot be resumed by another process', async () => {
  const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
  const config = configOf({ optimizer: { schedule: { epochs: 1 } } });
  const other: Promise<unknown>[] = [];
  class Starting extends Output {
    override write(text: string): void {
      super.write(text);
      if (!/step 2\//.test(text) || other.length > 0) return;
      const second = runTraining({ config, data, logDir, continueRun: true });
      other.push(expect(second).rejects.toThrow(`process ${process.pid} on `));
    }
  }
  await runTraining({ config, data, logDir, continueRun: true, stream: new Starting(), saveEvery: 2 });
  expect(other).toHaveLength(1);
  await Promise.all(other);
  expect((await lastState(logDir)).meta).toMatchObject({ epoch: 1, step: STEPS_PER_EPOCH });
  const steps = (await readMetrics(join(logDir, 'metrics.jsonl'))).map(({ step }) => step);
  expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 7]);
  expect(existsSync(join(logDir, 'run.lock'))).toBe(false);
});
