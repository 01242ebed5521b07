/** The callbacks of runs, while a session trains. */
import { join } from 'node:path';
import { accuracy } from '@inplace-abn/session';
import { expect, it } from 'vitest';
import { batchOf, session as sessionOf } from '../../../session/test/support/stripes.js';
import {
  Progress,
  RecordMetrics,
  RunFolder,
  readMetrics,
  ShowProgress,
  StepClock,
  timeSteps,
} from '../../src/index.js';
import { temporaryFolder } from '../support/images.js';

const VERSIONS = { node: 'v0', platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1, packages: {} };

it('callbacks show and record the training of a session', async () => {
  const session = sessionOf({ metrics: { top1: accuracy() } });
  const folder = await RunFolder.create(join(await temporaryFolder(), 'run'), {
    config: {},
    versions: VERSIONS,
    kernels: { machine: 'test', names: {} },
  });
  let text = '';
  const stream = {
    write(more: string) {
      text += more;
    },
  };
  const progress = new Progress({ stream, printFreq: 1 });
  const clock = new StepClock();
  const batches = [batchOf(4), batchOf(4, 1)];
  await session.fit(batches, {
    epochs: 2,
    validation: batches,
    callbacks: [
      timeSteps(clock),
      new ShowProgress({ progress, clock, epochs: 2, steps: 2, bytes: () => session.bytes }),
      new RecordMetrics(folder, clock),
    ],
  });
  folder.close();
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[3]).toMatch(/^train 2\/2 +step 2\/2 +loss .* top-1 /);
  const records = await readMetrics(folder.metricsPath);
  expect(records.map(({ phase, epoch, step }) => [phase, epoch, step])).toEqual([
    ['train', 1, 1],
    ['train', 1, 2],
    ['val', 1, 2],
    ['train', 2, 3],
    ['train', 2, 4],
    ['val', 2, 4],
  ]);
  for (const record of records)
    expect(Object.keys(record).slice(0, 5)).toEqual(['phase', 'epoch', 'step', 'loss', 'top1']);
  expect(records[0]).toMatchObject({ learningRate: 0.5 });
});
