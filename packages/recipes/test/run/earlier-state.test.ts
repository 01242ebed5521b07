/** A run that resumes from a state before its newest abandons everything after that state. */
import { appendFile, cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventFileWriter } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { type ReadEvent, readEvents } from '../../../train/test/tensorboard/read-events.js';
import { configOf, runTraining, STEPS_PER_EPOCH } from '../support/runs.js';

const config = configOf({ optimizer: { schedule: { epochs: 3 } } });
/** Steps in the first and in the second epoch; an epoch has seven steps. */
const [EARLY, LATE] = [5, 9];

/**
 * Tag, step and value of every scalar that TensorBoard shows. The start of a session drops scalars at its
 * step and later.
 */
async function shownIn(logDir: string): Promise<[string, number, number][]> {
  const names = (await readdir(logDir)).filter((name) => name.startsWith('events.out.'));
  const files = await Promise.all(names.map(async (name) => readEvents(await readFile(join(logDir, name)))));
  files.sort(([a], [b]) => (a?.wallTime ?? 0) - (b?.wallTime ?? 0));
  let shown: ReadEvent[] = [];
  for (const event of files.flat()) {
    if (event.sessionStatus === 1) shown = shown.filter(({ step }) => step < event.step);
    shown.push(event);
  }
  return shown.flatMap(({ step, values }) =>
    values.map(({ tag, scalar = Number.NaN }): [string, number, number] => [tag, step, scalar]),
  );
}

describe('a run that resumes from an earlier state', () => {
  let data: string;
  let straight: string;
  let again: string;
  beforeAll(async () => {
    data = await imageFolder();
    [straight, again] = [join(await temporaryFolder(), 'run'), join(await temporaryFolder(), 'run')];
    await runTraining({ config, data, logDir: straight, maxSteps: LATE });
    await runTraining({ config, data, logDir: again, maxSteps: EARLY });
    const early = join(again, 'checkpoints', `checkpoint-${EARLY}.safetensors`);
    const kept = join(await temporaryFolder(), 'kept.safetensors');
    await cp(early, kept);
    const other = { ...config, optimizer: { ...config.optimizer, learning_rate: 0.01 } };
    await runTraining({ config: other, data, logDir: again, resume: early, maxSteps: LATE });
    await cp(kept, early);
    await runTraining({ config, data, logDir: again, resume: early, maxSteps: LATE });
  });

  it('shows in TensorBoard what an uninterrupted run shows, validations at their steps', async () => {
    const shown = await shownIn(straight);
    expect(shown.filter(([tag]) => tag === 'val/top1').map(([, step]) => step)).toEqual([7]);
    expect(await shownIn(again)).toEqual(shown);
  });

  it('shows one validation if killed after the last step was saved, between a validation and its checkpoint', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    const step = STEPS_PER_EPOCH;
    await runTraining({ config, data, logDir, maxSteps: step });
    const writer = new EventFileWriter(logDir);
    writer.scalars(step, { 'val/loss': 9, 'val/top1': 1 });
    writer.close();
    const line = { phase: 'val', epoch: 1, step, loss: 9, top1: 1, top5: 1 };
    await appendFile(join(logDir, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    await runTraining({ config, data, logDir, continueRun: true, maxSteps: LATE });
    expect(await shownIn(logDir)).toEqual(await shownIn(straight));
  });
});
