/** Data as found: flat folders with lists, one folder that is split, and a run on them. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLASSES, imageFolder, VAL_IMAGES } from '../../../train/test/support/images.js';
import { openLabeledSets, resolveConfig, taskOf } from '../../src/index.js';
import { configOf, rawConfig, runTraining } from '../support/runs.js';

const dataOf = (data: object) => resolveConfig({ ...rawConfig(), data }, 'test.json').data;

describe('openLabeledSets', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await imageFolder();
    await flatten(join(dir, 'val'), join(dir, 'val.csv'));
  });

  it('explains a flat folder, with the list that lies there', async () => {
    await expect(openLabeledSets(dir, dataOf({}))).rejects.toMatchObject({
      code: 'ERR_FLAT_FOLDER',
      message: expect.stringMatching(/which has 15 images: .*\(data\.val_labels, such as val\.csv\)/),
    });
  });

  it('trains and validates on a flat folder with a list', async () => {
    const config = {
      ...configOf({ optimizer: { schedule: { epochs: 1 } } }),
      data: dataOf({ val_labels: 'val.csv' }),
    };
    const data = await taskOf(config).openData(dir, { workers: 1 });
    const seen = new Map<number, number>();
    for await (const batch of data.val.epoch(0)) {
      for (let i = 0; i < batch.size; i++) seen.set(batch.indices[i] ?? -1, batch.labels[i] ?? -1);
      batch.release();
    }
    expect([...seen.values()]).toEqual(Array.from({ length: VAL_IMAGES }, (_, i) => Math.floor(i / 5)));
    const { stopped } = await runTraining({ config, data: dir, logDir: join(dir, 'run'), maxSteps: 1 });
    expect(stopped).toBe('max-steps');
  });

  it('sets images aside where there is none to validate on', async () => {
    const data = dataOf({ val: 'absent', split: 0.25 });
    const { train, val, notes } = await openLabeledSets(dir, data);
    expect(train.length + val.length).toBe(60);
    expect(notes).toEqual([
      `${val.length} of 60 images in ${join(dir, 'train')} are set aside to validate on`,
    ]);
    // Class folders alone, without train/ and val/.
    const alone = await openLabeledSets(join(dir, 'train'), dataOf({ split: 0.25 }));
    expect([alone.val.digest(), alone.train.root]).toEqual([val.digest(), join(dir, 'train')]);
    await expect(openLabeledSets(dir, dataOf({ val: 'absent' }))).rejects.toThrow(
      /absent does not exist: .* or data\.split, the share/,
    );
  });

  it('names the key for what a list lacks', async () => {
    await writeFile(join(dir, 'odd.csv'), 'a,b,c\n1,2,3\n');
    await expect(openLabeledSets(dir, dataOf({ val_labels: 'odd.csv' }))).rejects.toMatchObject({
      code: 'ERR_LABEL_FILE',
      message: expect.stringMatching(/odd\.csv:1: has 3 columns .* \(data\.columns\)$/),
    });
  });
});

/** Moves the images of class folders into one folder and lists their classes. */
async function flatten(folder: string, list: string): Promise<void> {
  const lines = ['file,label'];
  await mkdir(`${folder}-flat`);
  for (const name of CLASSES) {
    for (let i = 0; i < 5; i++) {
      const file = `0${i}.png`;
      await rename(join(folder, name, file), join(`${folder}-flat`, `${name}-${file}`));
      lines.push(`${name}-${file},${name}`);
    }
  }
  await rm(folder, { recursive: true });
  await rename(`${folder}-flat`, folder);
  await writeFile(list, lines.join('\n'));
}
