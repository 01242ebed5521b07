/** --log-hist, and the note that bn_mode sync prints with one process. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { readEvents } from '../../../train/test/tensorboard/read-events.js';
import { configOf, runTraining } from '../support/runs.js';

const NETWORK = { arch: 'wider_resnet16', stem: 'imagenet', width: 0.02, bn_mode: 'sync' };

/** Parameters that the reference logs. */
const LOGGED = ['bn_out.bias', 'bn_out.weight', 'classifier.fc.bias', 'classifier.fc.weight'];

describe('a run of a network with bn_out', () => {
  let data: string;
  beforeAll(async () => {
    data = await imageFolder();
  });

  async function run(histograms: boolean) {
    const logDir = join(await temporaryFolder(), 'run');
    const config = configOf({ network: NETWORK, optimizer: { schedule: { epochs: 3 } } });
    const { text } = await runTraining({ config, data, logDir, histograms, maxSteps: 20 });
    const name = (await readdir(logDir)).find((file) => file.startsWith('events.out.tfevents.')) ?? '';
    const events = readEvents(await readFile(join(logDir, name)));
    const logged = events.flatMap(({ step, values }) => {
      return values.flatMap(({ tag, histogram }) => (histogram ? [{ step, tag }] : []));
    });
    return { text, logged };
  }

  it('logs the fc and bn_out parameters every 10 steps, and nothing else', async () => {
    const { logged } = await run(true);
    for (const step of [10, 20]) {
      const tags = logged.filter((entry) => Number(entry.step) === step).map(({ tag }) => tag);
      expect(tags.sort()).toEqual(LOGGED);
    }
    expect(logged).toHaveLength(2 * LOGGED.length);
  });

  it('logs none by default, and notes once that there are no other processes to synchronize with', async () => {
    const { text, logged } = await run(false);
    expect(logged).toEqual([]);
    expect(text.match(/bn_mode sync: no process group/g)).toHaveLength(1);
  });
});
