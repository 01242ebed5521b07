/** Values that are not finite stop a run before they reach the weights. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRunState, saveRunState } from '@inplace-abn/checkpoint';
import { cpu, NotFiniteError } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import { describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { Engine, evaluate, initialStateOf } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf, lastState, Output, runTraining } from '../support/runs.js';

/** Digest of all parameters, buffers and optimizer state. */
function hashOf({ store }: Engine): string {
  const hash = createHash('sha256');
  for (const { data } of store.stateDict().values()) hash.update(data);
  return hash.digest('hex');
}

const LAYER = 'mod4.block1.convs.conv2';

describe('a step whose loss is not finite', () => {
  const config = configOf();
  const batch = sampleBatch();

  function engine(): Engine {
    const made = new Engine({ device: cpu(), config, evaluationBatches: [] });
    made.load(initialStateOf(made.network, config.network, 1));
    return made;
  }

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'names the step and the first layer, and updates nothing, for a weight of %s',
    async (value) => {
      const broken = engine();
      await broken.train(batch, { rates: { base: 0.1, classifier: 0.1 }, update: 1, seed: 1 });
      const weight = broken.store.read(`${LAYER}.weight`, 'float32').data;
      weight[5] = value;
      broken.store.write(`${LAYER}.weight`, weight);
      const before = hashOf(broken);
      const step = broken.train(batch, { rates: { base: 0.1, classifier: 0.1 }, update: 2, seed: 2 });
      await expect(step).rejects.toThrow(NotFiniteError);
      await expect(step).rejects.toThrow(/^step 2: the loss is .*/);
      await expect(step).rejects.toThrow(`the first value that is not finite comes from ${LAYER} (conv2d)`);
      expect(hashOf(broken)).toBe(before);
    },
  );

  it('leaves the engine usable', async () => {
    const [broken, whole] = [engine(), engine()];
    const weight = broken.store.read('classifier.fc.weight').data;
    broken.store.write('classifier.fc.weight', new Float32Array(weight.length).fill(Number.NaN));
    await expect(
      broken.train(batch, { rates: { base: 0.1, classifier: 0.1 }, update: 1, seed: 1 }),
    ).rejects.toThrow('classifier.fc (linear)');
    broken.store.write('classifier.fc.weight', weight);
    const rates = { base: 0.1, classifier: 0.1 };
    expect(await broken.train(batch, { rates, update: 1, seed: 1 })).toEqual(
      await whole.train(batch, { rates, update: 1, seed: 1 }),
    );
  });

  it('leaves the metrics unknown if it is a validation, which then never is the best', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const one = configOf({ optimizer: { schedule: { epochs: 1 } } });
    await runTraining({ config: one, data, logDir });
    const path = join(logDir, 'checkpoints', 'checkpoint-7.safetensors');
    const state = await loadRunState(path);
    const variance = state.model.get('mod5.block2.convs.bn2.running_var')?.data;
    if (variance instanceof Float32Array) variance.fill(Number.NaN);
    await saveRunState(path, { ...state, meta: { ...state.meta, bestTop1: 0, stepOfBest: null } });
    await rm(join(logDir, 'checkpoints', 'best.safetensors'));
    await rm(join(logDir, 'model_best.pth.tar'));
    const run = await runTraining({ config, data, logDir, resume: path });
    expect(run.validation).toMatchObject({
      top1: Number.NaN,
      top5: Number.NaN,
      loss: Number.NaN,
      images: 15,
    });
    expect(run.text).toContain('the validation loss is NaN, so the metrics are unknown');
    expect(run.text).not.toMatch(/^val .* top-1 \d/m);
    expect(existsSync(join(logDir, 'checkpoints', 'best.safetensors'))).toBe(false);
    expect(existsSync(join(logDir, 'model_best.pth.tar'))).toBe(false);
    const summary = JSON.parse(await readFile(join(logDir, 'summary.json'), 'utf8'));
    expect(summary).toMatchObject({ top1: null, top5: null, loss: null, bestTop1: 0 });
    const stream = new Output();
    const options = { config, data, device: cpu(), workers: 1, printFreq: 1, stream };
    const evaluated = await evaluate({ ...options, resume: join(logDir, 'checkpoints') });
    expect(evaluated).toMatchObject({ top1: Number.NaN, loss: Number.NaN });
  });

  it('ends the run and leaves its checkpoints unchanged', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    await runTraining({ config, data, logDir, maxSteps: 9 });
    const path = join(logDir, 'checkpoints', 'checkpoint-9.safetensors');
    const state = await loadRunState(path);
    const weight = state.model.get(`${LAYER}.weight`)?.data;
    if (weight instanceof Float32Array) weight[0] = Number.NaN;
    await saveRunState(path, state);
    const run = runTraining({ config, data, logDir, resume: path });
    await expect(run).rejects.toThrow(/^step 10: the loss is .* Nothing was updated in this step\./);
    expect((await lastState(logDir)).meta.step).toBe(9);
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    expect(records.at(-1)).toMatchObject({ phase: 'train', step: 9 });
  });

  it('suggests a lower learning rate or clipping if the rate is far too high', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const wild = configOf({ optimizer: { learning_rate: 1e30, clip: 0 } });
    await expect(runTraining({ config: wild, data, logDir })).rejects.toThrow(
      /^step [23]: .*Try a lower learning rate, or clipping \(optimizer\.clip\)\.$/,
    );
  });
});
