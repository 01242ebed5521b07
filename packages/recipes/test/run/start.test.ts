/** A run that starts from another's weights keeps the classifier if it is for the same classes. */
import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { bytesOf, configOf, lastState, runTraining } from '../support/runs.js';

/** Nothing is trained at this rate, so the weights stay those that the run started with. */
const still = (network: Record<string, unknown> = {}) =>
  configOf({
    network,
    optimizer: { learning_rate: 0, weight_decay: 0, schedule: { epochs: 1 } },
  });
const CLASSIFIER = 'classifier.fc.weight';
const BODY = 'mod2.block1.convs.conv1.weight';

let data: string;
let resume: string;
beforeAll(async () => {
  data = await imageFolder();
  const logDir = join(await temporaryFolder(), 'run');
  await runTraining({ config: configOf({ optimizer: { schedule: { epochs: 1 } } }), data, logDir });
  resume = join(logDir, 'checkpoint.pth.tar');
});

async function started(options: { config?: ReturnType<typeof still>; data?: string }) {
  const logDir = join(await temporaryFolder(), 'run');
  const { text } = await runTraining({ config: still(), data, logDir, resume, take: 'start', ...options });
  const [before, now] = [await lastState(join(resume, '..')), await lastState(logDir)];
  const same = (name: string) => {
    const [a, b] = [before.model.get(name), now.model.get(name)];
    return a !== undefined && b !== undefined && bytesOf(a).equals(bytesOf(b));
  };
  return { text, body: same(BODY), classifier: same(CLASSIFIER), epoch: now.meta.epoch };
}

describe('a run that starts from weights', () => {
  it('loads all of them for the same classes', async () => {
    const { text, ...kept } = await started({});
    expect(kept).toEqual({ body: true, classifier: true, epoch: 1 });
    expect(text).not.toContain('the classifier is new');
  });

  it('initializes a new classifier for another number of classes, and says so', async () => {
    const { text, ...kept } = await started({ config: still({ classes: 5 }) });
    expect(kept).toEqual({ body: true, classifier: false, epoch: 1 });
    expect(text).toContain(`the classifier is new: that of ${resume} is not for 5 classes`);
  });

  it('initializes a new classifier for the same number of classes with other names', async () => {
    const other = join(await temporaryFolder(), 'other');
    await mkdir(other);
    await cp(data, other, { recursive: true });
    for (const part of ['train', 'val']) await rename(join(other, part, 'red'), join(other, part, 'violet'));
    const { text, ...kept } = await started({ data: other });
    expect(kept).toEqual({ body: true, classifier: false, epoch: 1 });
    expect(text).toContain('the classifier is new: class 2 was red and is violet');
  });
});
