/** Runs that PyTorch started (tools/oracle/make_resume.py) continue as they do in PyTorch. */
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { type Digest, digestError } from '../../../core/test/support/digest.js';
import { readJson } from '../../../core/test/support/fixtures.js';
import { Engine, initialStateOf, resolveConfig } from '../../src/index.js';
import { restoreRun } from '../../src/run/restore.js';
import { pytorchBatch, SHAPE } from '../support/pytorch-batch.js';

interface Run {
  optimizer: { learning_rate: number; classifier_lr: number };
  /** Losses of the steps after the file. */
  losses: number[];
  state: Record<string, Digest>;
}

const FIXTURES = new URL('../fixtures/', import.meta.url);

const { about, ...runs } = readJson<{ about: { network: object; firstStep: number } } & Record<string, Run>>(
  new URL('resume.json', FIXTURES),
);

/** The two epochs of the file have four steps. */
const BATCHES = 2;

describe('a run that PyTorch started', () => {
  it.each(Object.entries(runs))('with %s continues as in PyTorch', async (kind, run: Run) => {
    const { batch, crop } = SHAPE;
    const config = resolveConfig(
      {
        network: about.network,
        optimizer: { ...run.optimizer, batch_size: batch },
        input: { crop_train: crop, crop_val: crop },
      },
      'resume.json',
    );
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(initialStateOf(engine.network, config.network, 1));
    const path = fileURLToPath(new URL(`${kind}.pth.tar`, FIXTURES));
    const data = { train: { batches: BATCHES }, trainImages: BATCHES * batch, trainDigest: '' };
    // Some scales are negative, and a PyTorch file does not record which kind of batch norm they belong to.
    const trainedWith = config.network.bn_mode;
    const restored = await restoreRun({ engine, config, data, path, take: 'everything', trainedWith });
    expect(restored).toMatchObject({
      kind: 'torch',
      position: { epoch: 2, step: about.firstStep, stepInEpoch: 0, best: 62.5 },
    });
    const rates = { base: run.optimizer.learning_rate, classifier: run.optimizer.classifier_lr };
    for (const [i, expected] of run.losses.entries()) {
      const step = restored.position.step + i;
      const { loss } = await engine.train(pytorchBatch(step), { rates, update: step + 1, seed: 1 });
      expect(Math.abs(loss / expected - 1), `loss of step ${step + 1}`).toBeLessThan(1e-5);
    }
    const errors = Object.entries(run.state).map(([name, digest]): [string, number] => {
      const { data: values } = engine.store.read(name);
      return [name, values instanceof Float32Array ? digestError(name, values, digest) : Number.NaN];
    });
    expect(errors.length).toBeGreaterThan(50);
    expect(errors.filter(([, error]) => !(error < 1e-4))).toEqual([]);
  });
});
