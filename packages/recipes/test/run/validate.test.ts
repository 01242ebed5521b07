/** A validation shared by several processes. */
import { EventEmitter } from 'node:events';
import { cp, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { Halting, Progress, StopRequest, Unreadable, validate } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder, VAL_IMAGES } from '../../../train/test/support/images.js';
import { peersInProcess } from '../../../train/test/support/peers.js';
import { evaluationBatches } from '../../src/data/loaders.js';
import { Engine } from '../../src/engine/engine.js';
import { evaluate, type TrainConfig } from '../../src/index.js';
import { restoreWeights } from '../../src/run/restore.js';
import { taskOf } from '../../src/tasks/registry.js';
import { configOf, Output, runTraining } from '../support/runs.js';

describe('a validation', () => {
  let data: string;
  let resume: string;
  beforeAll(async () => {
    data = await imageFolder();
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config: configOf({ optimizer: { schedule: { epochs: 1 } } }), data, logDir });
    resume = join(logDir, 'checkpoints');
  });

  const options = (config: TrainConfig) => {
    return { config, data, device: cpu(), workers: 1, printFreq: 1, resume, stream: new Output() };
  };

  /** Steps and metrics of the progress lines. */
  const shown = (output?: Output) =>
    (output?.text.match(/^val .*$/gm) ?? []).map((line) => line.match(/step +\S+|loss \S+|top-\d \S+/g));

  it('uses exactly the named checkpoint, or fails', async () => {
    const absent = join(resume, 'checkpoint-99.safetensors');
    await expect(evaluate({ ...options(configOf()), resume: absent })).rejects.toThrow(
      `Cannot read ${absent}: there is no such file`,
    );
    const torn = join(await temporaryFolder(), 'checkpoint-7.safetensors');
    await cp(join(resume, 'checkpoint-7.safetensors'), torn);
    await truncate(torn, 5000);
    await expect(evaluate({ ...options(configOf()), resume: torn })).rejects.toThrow(torn);
  });

  it.each([
    [2, 4],
    [3, 7],
    [4, 4],
    [5, 9],
  ])('is the same over %i processes with batches of %i', async (size, batch_size) => {
    const config = configOf({ network: { bn_mode: 'sync' }, optimizer: { batch_size } });
    const stream = new Output();
    const alone = await evaluate({ ...options(config), stream });
    const streams = Array.from({ length: size }, () => new Output());
    const together = await Promise.all(
      peersInProcess(size).map((peers, rank) =>
        evaluate({ ...options(config), peers, stream: streams[rank] }),
      ),
    );
    // Every line combines all processes: it shows what one process has found up to the same batch.
    expect(shown(streams[0])).toEqual(shown(stream));
    expect(shown(stream)).toHaveLength(Math.ceil(VAL_IMAGES / batch_size));
    expect(alone.images).toBe(VAL_IMAGES);
    for (const { loss, ...rest } of together) {
      const { loss: wanted, ...others } = alone;
      expect(rest).toEqual(others);
      expect(loss).toBeCloseTo(wanted, 6);
    }
  });

  it('stops on all processes after the batch in which one is told to stop', async () => {
    const config = configOf({ network: { bn_mode: 'sync' }, optimizer: { batch_size: 4 } });
    const signals = new EventEmitter();
    const results = peersInProcess(2).map(async (peers, rank) => {
      const { val: loader, valImages: images } = await taskOf(config).openData(data, {
        workers: 1,
        share: peers,
      });
      const unreadable = new Unreadable([loader], peers);
      const batches = evaluationBatches(images, 4, peers);
      const engine = new Engine({ device: cpu(), config, evaluationBatches: batches, peers });
      await restoreWeights(engine, config, resume);
      const stream = new Output();
      const progress = new Progress({ stream, printFreq: 1 });
      const stop = new StopRequest(() => {}, rank === 1 ? signals : new EventEmitter());
      const halting = new Halting(stop, peers);
      if (rank === 1) signals.emit('SIGHUP', 'SIGHUP');
      const set = { loader, images, crop: 16, progress, epoch: 1, epochs: 1, peers, unreadable };
      const result = await validate({ engine, ...set }, halting);
      stop.dispose();
      return { result, signal: halting.signal, lines: shown(stream).length };
    });
    for (const outcome of await Promise.all(results)) {
      expect(outcome).toEqual({ result: null, signal: 'SIGHUP', lines: 1 });
    }
  });

  it('is refused if one process has the same number of other images', async () => {
    const other = await imageFolder();
    await rename(join(other, 'val', 'blue'), join(other, 'val', 'azure'));
    await rename(join(other, 'train', 'blue'), join(other, 'train', 'azure'));
    const config = configOf({ network: { bn_mode: 'sync' } });
    const attempts = peersInProcess(2).map((peers, rank) =>
      evaluate({ ...options(config), data: rank === 0 ? data : other, peers }),
    );
    for (const attempt of attempts) {
      await expect(attempt).rejects.toThrow(
        /^the names of the training images differ: rank 1 has \w+, rank 0 has/,
      );
    }
  });
});
