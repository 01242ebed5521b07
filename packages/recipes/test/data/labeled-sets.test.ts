/** Data sets without train/ and val/: flat folders with lists, a folder that is split, and a run on them. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tar } from '../../../data/test/tar.js';
import {
  CLASSES,
  coloredPng,
  imageFolder,
  temporaryFolder,
  VAL_IMAGES,
} from '../../../train/test/support/images.js';
import { openLabeledSets, resolveConfig, taskOf } from '../../src/index.js';
import { configOf, expectSameState, lastState, rawConfig, runTraining } from '../support/runs.js';

const dataOf = (data: object) => resolveConfig({ ...rawConfig(), data }, 'test.json').data;

describe('openLabeledSets', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await imageFolder();
    await flatten(join(dir, 'val'), join(dir, 'val.csv'));
  });

  it('rejects a flat folder and names the list that it contains', async () => {
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

  it('holds images out if there are none to validate on', async () => {
    const data = dataOf({ val: 'absent', split: 0.25 });
    const { train, val, notes } = await openLabeledSets(dir, data);
    expect(train.length + val.length).toBe(60);
    expect(notes).toEqual([
      `${val.length} of 60 images in ${join(dir, 'train')} are set aside to validate on`,
    ]);
    // Class folders alone, without train/ and val/.
    const alone = await openLabeledSets(join(dir, 'train'), dataOf({ split: 0.25 }));
    expect([alone.val.digest(), alone.train.root]).toEqual([val.digest(), join(dir, 'train')]);
    await mkdir(join(dir, 'train', 'cache'));
    const cached = await openLabeledSets(join(dir, 'train'), dataOf({ split: 0.25, cache: 'cache' }));
    expect(cached.train.classes).toEqual(CLASSES);
    await rm(join(dir, 'train', 'cache'), { recursive: true });
    await expect(openLabeledSets(dir, dataOf({ val: 'absent' }))).rejects.toThrow(
      /absent does not exist: .* or data\.split, the share/,
    );
  });

  it('notes images in other formats', async () => {
    const root = await imageFolder();
    await writeFile(join(root, 'train', CLASSES[0] ?? '', 'a.HEIC'), '');
    await writeFile(join(root, 'train', CLASSES[1] ?? '', 'b.heic'), '');
    await writeFile(join(root, 'train', CLASSES[1] ?? '', 'b.jxl'), '');
    const left = `3 files in ${join(root, 'train')} left out: 2 .heic, 1 .jxl. These are not supported: convert to png or jpg`;
    expect((await openLabeledSets(root, dataOf({}))).notes).toEqual([left]);
    const { notes } = await openLabeledSets(join(root, 'train'), dataOf({ split: 0.25 }));
    expect(notes[0]).toBe(left);
  });

  it('numbers the validation classes as the training classes are numbered', async () => {
    const root = await temporaryFolder();
    const image = coloredPng('red', 'any');
    for (const name of ['2', '10', '1']) {
      await mkdir(join(root, 'val', name), { recursive: true });
      await writeFile(join(root, 'val', name, 'a.png'), image);
    }
    await mkdir(join(root, 'flat'));
    for (const name of ['a', 'b', 'c']) await writeFile(join(root, 'flat', `${name}.png`), image);
    await writeFile(join(root, 'list.csv'), 'file,label\na.png,10\nb.png,2\nc.png,1\n');
    const { train, val } = await openLabeledSets(root, dataOf({ train: 'flat', train_labels: 'list.csv' }));
    // Numeric labels sort as numbers; folders are listed by code point.
    expect([train.classes, val.classes]).toEqual([
      ['1', '2', '10'],
      ['1', '2', '10'],
    ]);
    const labelOf = (index: number) => [val.relativePath(index), val.label(index)];
    expect([0, 1, 2].map(labelOf)).toEqual([
      ['1/a.png', 0],
      ['2/a.png', 1],
      ['10/a.png', 2],
    ]);
    await rm(join(root, 'val', '10'), { recursive: true });
    await expect(openLabeledSets(root, dataOf({ train: 'flat', train_labels: 'list.csv' }))).rejects.toThrow(
      'Training and validation classes differ',
    );
  });

  it('names the configuration key for whatever a list lacks', async () => {
    await writeFile(join(dir, 'odd.csv'), 'a,b,c\n1,2,3\n');
    await expect(openLabeledSets(dir, dataOf({ val_labels: 'odd.csv' }))).rejects.toMatchObject({
      code: 'ERR_LABEL_FILE',
      message: expect.stringMatching(/odd\.csv:1: has 3 columns .* \(data\.columns\)$/),
    });
  });
});

describe('tar shards', () => {
  it('give the same run if it is stopped within an epoch and resumed', async () => {
    const dir = await shardedFolder();
    const config = {
      ...configOf({ optimizer: { schedule: { epochs: 1 } } }),
      data: dataOf({ train: 'train-{0..2}.tar' }),
    };
    const [whole, parts] = [join(dir, 'whole'), join(dir, 'parts')];
    await runTraining({ config, data: dir, logDir: whole });
    await runTraining({ config, data: dir, logDir: parts, maxSteps: 3 });
    await runTraining({ config, data: dir, logDir: parts, continueRun: true, workers: 1 });
    expectSameState(await lastState(parts), await lastState(whole));
  });

  it('have a note where balanced sampling reads them at random', async () => {
    const dir = await shardedFolder();
    const notesOf = async (sampling: string) => {
      const config = configOf({ input: { sampling } });
      const data = dataOf({ train: 'train-{0..2}.tar' });
      return (await taskOf({ ...config, data }).openData(dir, { workers: 1 })).notes;
    };
    expect(await notesOf('balanced')).toContainEqual(
      expect.stringContaining('from all shards, not shard by shard'),
    );
    expect(await notesOf('shuffled')).not.toContainEqual(expect.stringContaining('shards'));
  });

  it('cannot be split', async () => {
    const dir = await shardedFolder();
    const data = dataOf({ train: 'train-{0..2}.tar', val: 'absent', split: 0.1 });
    await expect(openLabeledSets(dir, data)).rejects.toThrow(
      'data.split divides image files, not the shards',
    );
  });

  it.each(['train', 'val'] as const)(
    'have one label for each image: %s with a list is refused',
    async (part) => {
      const dir = await temporaryFolder();
      await mkdir(join(dir, part));
      await writeFile(join(dir, part, '0.tar'), '');
      const opened = openLabeledSets(dir, dataOf({ train_labels: 'a.csv', val_labels: 'a.csv' }), 'any');
      await expect(opened).rejects.toMatchObject({
        code: 'ERR_USAGE',
        message: `${join(dir, part)}: shards have one label for each image, but the task is "multi-label": unpack them and name a CSV file with data.${part}_labels`,
      });
    },
  );
});

/** DIR/train-0.tar to train-2.tar of 20 images each, and DIR/val/0.tar. */
async function shardedFolder(): Promise<string> {
  const dir = await temporaryFolder();
  const shard = (part: string, images: number) =>
    tar(
      Array.from({ length: images }, (_, i) => i).flatMap((i) => {
        const label = i % CLASSES.length;
        return [
          [`${i}.png`, coloredPng(CLASSES[label] ?? 'red', `${part}/${i}`)],
          [`${i}.cls`, String(label)],
        ] as const;
      }),
    );
  for (const number of [0, 1, 2])
    await writeFile(join(dir, `train-${number}.tar`), shard(`train${number}`, 20));
  await mkdir(join(dir, 'val'));
  await writeFile(join(dir, 'val', '0.tar'), shard('val', 6));
  return dir;
}

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
