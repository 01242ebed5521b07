/** Segmentation training on several processes, compared with one process on the whole batch. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SegmentationFolder } from '@inplace-abn/data';
import { readMetrics } from '@inplace-abn/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { type LossConfig, resolveConfig } from '../../src/index.js';
import { labeledFolder, rawSegmentation, TRAIN_IMAGES } from '../support/label-maps.js';
import { lastState, runTraining } from '../support/runs.js';
import type { TrainJob } from './train.job.js';

const job = new URL('train.job.ts', import.meta.url);

// A smooth activation and a learning rate that does not amplify rounding.
const network = { bn_mode: 'sync', activation: 'elu', activation_param: 1 };
const optimizer = { batch_size: 5, learning_rate: 0.01, schedule: { epochs: 1 } };

const configOf = (loss: Partial<LossConfig>) =>
  resolveConfig({ ...rawSegmentation({ network, optimizer }), loss }, 'test.json');

describe('two processes on segmentation', () => {
  let pool: Pool;
  let data: string;
  beforeAll(async () => {
    pool = await Pool.start(2);
    data = await labeledFolder();
  });
  afterAll(() => pool.close());

  it.each<[string, Partial<LossConfig>]>([
    ['focal loss, balanced weights', { type: 'focal', class_weights: 'balanced' }],
    ['cross entropy, balanced weights', { class_weights: 'balanced', label_smoothing: 0.1 }],
    ['Lovász of each image', { lovasz: 1, lovasz_per_image: true }],
  ])('train as one process does, with %s', async (_, loss) => {
    const config = configOf(loss);
    const alone = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir: alone });
    const together = join(await temporaryFolder(), 'run');
    await pool.run(job, (): TrainJob => ({ config, data, logDir: together }));
    const [wanted, found] = await Promise.all(
      [alone, together].map((logDir) => readMetrics(join(logDir, 'metrics.jsonl'))),
    );
    expect(found).toHaveLength(wanted?.length ?? 0);
    for (const [i, { loss: value, phase, step }] of (wanted ?? []).entries()) {
      expect(found?.[i]).toMatchObject({ phase, step });
      expect(found?.[i]?.loss).toBeCloseTo(value, 4);
    }
    const counts = (await lastState(alone)).meta.pixelsOfClass;
    expect((await lastState(together)).meta.pixelsOfClass).toEqual(counts);
  });

  it('skip batches whose classes all have weight 0', async () => {
    const five = { network: { ...network, classes: 5 }, optimizer };
    const loss = { class_weights: [0, 0, 0, 0, 1] };
    const config = resolveConfig({ ...rawSegmentation(five), loss }, 'test.json');
    const unnamed = await labeledFolder();
    await rm(join(unnamed, 'classes.json'));
    const logDir = join(await temporaryFolder(), 'run');
    await pool.run(job, (): TrainJob => ({ config, data: unnamed, logDir }));
    const records = await readMetrics(join(logDir, 'metrics.jsonl'));
    expect(records.map(({ phase }) => phase)).toEqual(['train', 'train', 'val']);
    for (const { phase, loss: value } of records) expect(Number.isNaN(value)).toBe(phase === 'train');
  });

  it('both name a label map that one of them cannot read', async () => {
    const damaged = await labeledFolder();
    const folder = await SegmentationFolder.open(join(damaged, 'train'));
    const bad = folder.labelPath(TRAIN_IMAGES - 1);
    await writeFile(bad, 'not a PNG');
    const logDir = join(await temporaryFolder(), 'run');
    const config = configOf({ class_weights: 'balanced' });
    const outcomes = await pool.outcomes(job, (): TrainJob => ({ config, data: damaged, logDir }));
    expect(outcomes).toHaveLength(2);
    for (const { error } of outcomes) expect(error).toContain(`Cannot read the image ${bad}: `);
  });
});
