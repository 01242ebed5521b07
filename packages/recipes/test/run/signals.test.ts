/** Runs that a signal stops, within the test's process: the signals are events of an emitter. */
import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import {
  configOf,
  expectSameState,
  lastState,
  Output,
  runTraining,
  STEPS_PER_EPOCH,
} from '../support/runs.js';

const config = configOf({ optimizer: { schedule: { epochs: 2 } } });

/** Sends a signal when output first matches `pattern`. */
class SendingOutput extends Output {
  readonly signals = new EventEmitter();
  private sent = false;

  constructor(
    private readonly pattern: RegExp,
    private readonly signal: NodeJS.Signals,
  ) {
    super();
  }

  override write(text: string): void {
    super.write(text);
    if (this.sent || !this.pattern.test(text)) return;
    this.sent = true;
    this.signals.emit(this.signal, this.signal);
  }
}

describe('a run that a signal stops', () => {
  let data: string;
  let straight: string;
  beforeAll(async () => {
    data = await imageFolder();
    straight = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir: straight });
  });

  const losses = async (folder: string) =>
    (await readMetrics(join(folder, 'metrics.jsonl'))).map(({ phase, epoch, loss }) => ({
      phase,
      epoch,
      loss,
    }));

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'saves the end of an epoch on %s during its validation, which comes after the resume',
    async (signal) => {
      const logDir = join(await temporaryFolder(), 'run');
      const stream = new SendingOutput(/^val .*step 1\/2/m, signal);
      const { stopped } = await runTraining({ config, data, logDir, stream, signals: stream.signals });
      expect(stopped).toBe(signal);
      expect(stream.text).not.toMatch(/^val .*step 2\/2/m);
      const place = { epoch: 0, step: STEPS_PER_EPOCH, stepInEpoch: STEPS_PER_EPOCH };
      expect((await lastState(logDir)).meta).toMatchObject(place);
      expect((await losses(logDir)).filter(({ phase }) => phase === 'val')).toEqual([]);

      await runTraining({ config, data, logDir, resume: join(logDir, 'checkpoints') });
      expect(await losses(logDir)).toEqual(await losses(straight));
      expectSameState(await lastState(logDir), await lastState(straight));
    },
  );

  it('keeps a validation that is complete', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    const stream = new SendingOutput(/^val .*step 2\/2/m, 'SIGTERM');
    await runTraining({ config, data, logDir, stream, signals: stream.signals });
    expect((await lastState(logDir)).meta).toMatchObject({ epoch: 1, step: STEPS_PER_EPOCH, stepInEpoch: 0 });
  });

  it('saves the end of an epoch whose validation fails', async () => {
    const [broken, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    await writeFile(join(broken, 'val', 'red', '04.png'), 'no image');
    await expect(runTraining({ config, data: broken, logDir })).rejects.toThrow('04.png');
    expect((await lastState(logDir)).meta).toMatchObject({ epoch: 0, stepInEpoch: STEPS_PER_EPOCH });
  });
});
