/** A validation that several processes share. */
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, type TrainConfig } from '../../src/index.js';
import { imageFolder, temporaryFolder, VAL_IMAGES } from '../support/images.js';
import { peersInProcess } from '../support/peers.js';
import { configOf, Output, runTraining } from '../support/runs.js';

describe('a validation', { timeout: 60_000 }, () => {
  let data: string;
  let resume: string;
  beforeAll(async () => {
    data = await imageFolder();
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config: configOf({ optimizer: { schedule: { epochs: 1 } } }), data, logDir });
    resume = join(logDir, 'checkpoints');
  }, 60_000);

  const options = (config: TrainConfig) => {
    return { config, data, device: cpu(), workers: 1, printFreq: 1, resume, stream: new Output() };
  };

  it.each([
    [2, 4],
    [3, 7],
    [4, 4],
    [5, 9],
  ])('is the same over %i processes with batches of %i', async (size, batch_size) => {
    const config = configOf({ network: { bn_mode: 'sync' }, optimizer: { batch_size } });
    const alone = await evaluate(options(config));
    const together = await Promise.all(
      peersInProcess(size).map((peers) => evaluate({ ...options(config), peers })),
    );
    expect(alone.images).toBe(VAL_IMAGES);
    for (const { loss, ...rest } of together) {
      const { loss: wanted, ...others } = alone;
      expect(rest).toEqual(others);
      expect(loss).toBeCloseTo(wanted, 6);
    }
  });
});
