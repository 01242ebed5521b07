/** Runs in a fixed number of shards: the same weights, whatever the number of processes. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainOutcome } from '@inplace-abn/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import type { TrainConfig } from '../../src/index.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';
import type { TrainJob } from './train.job.js';

const job = new URL('train.job.ts', import.meta.url);
const sync = { bn_mode: 'sync', activation: 'leaky_relu' };

const plain = configOf({
  network: sync,
  optimizer: { batch_size: 8, schedule: { epochs: 1 } },
  deterministic_world: 4,
});
const withOptions = configOf({
  network: sync,
  optimizer: { batch_size: 16, accumulate: 2, clip: 0.5, schedule: { epochs: 1 } },
  mix: { mixup: 0.4, cutmix: 1, probability: 0.6 },
  loss: { class_weights: [1, 3, 0.3], label_smoothing: 0.1 },
  ema: { decay: 0.9 },
  deterministic_world: 4,
});

let data: string;
/** Runs of one process, the reference for every number of processes. */
let alone: { plain: string; withOptions: string; begun: string };
beforeAll(async () => {
  data = await imageFolder();
  const trained = async (config: TrainConfig, maxSteps?: number) => {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, maxSteps });
    return logDir;
  };
  alone = {
    plain: await trained(plain),
    withOptions: await trained(withOptions),
    begun: await trained(withOptions, 2),
  };
});

describe.each([2, 4])('%i processes with four shards', (size) => {
  let pool: Pool;
  beforeAll(async () => {
    // One process has a single thread.
    pool = await Pool.start(size, { OMP_NUM_THREADS: String(4 / size) });
  });
  afterAll(() => pool.close());

  async function together(config: TrainConfig, more: Partial<TrainJob> = {}): Promise<string> {
    const logDir = more.logDir ?? join(await temporaryFolder(), 'run');
    const argument: TrainJob = { config, data, logDir, ...more };
    await pool.run<TrainOutcome>(job, () => argument);
    return logDir;
  }

  it('train to the same bits as one process', async () => {
    expectSameState(await lastState(await together(plain)), await lastState(alone.plain));
  });

  it('also do so with options, resuming a run of one process', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    await cp(alone.begun, logDir, { recursive: true });
    await together(withOptions, { logDir, resume: join(logDir, 'checkpoints') });
    expectSameState(await lastState(logDir), await lastState(alone.withOptions));
  });

  it('refuse layers whose statistics come from one shard', async () => {
    const config = configOf({ optimizer: { batch_size: 8 }, deterministic_world: 4 });
    await expect(together(config)).rejects.toThrow(/updates a state from one shard of the batch/);
  });
});
