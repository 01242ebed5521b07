/**
 * Label maps in color, or with the data set's own ids: training, validation and comparisons read them alike.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageError, type LabelMap, readLabelMap } from '@inplace-abn/data';
import { encode } from 'fast-png';
import { beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig, type SegmentationTaskConfig, taskOf } from '../../src/index.js';
import { configIn, descriptionOf } from '../../src/run/description.js';
import { namingKeys } from '../../src/run/naming-keys.js';
import { loadClasses, type SegmentationClass } from '../../src/segmentation/classes.js';
import { openLabelMapSets } from '../../src/segmentation/data.js';
import { openLabels, scoresOf } from '../../src/segmenting/labels/label-folder.js';
import { labeledFolder, rawSegmentation } from '../support/label-maps.js';

let dir: string;
let classes: readonly SegmentationClass[];
beforeEach(async () => {
  dir = await labeledFolder();
  classes = await loadClasses(join(dir, 'classes.json'));
});

function configOf(data: object, network: object = {}): SegmentationTaskConfig {
  const config = resolveConfig({ ...rawSegmentation({ network: { ...network } }), data }, 'test.json');
  if (config.task !== 'segmentation') throw new Error('expected a segmentation');
  return config;
}

/** Rewrites every label map. */
async function recode(encoded: (map: LabelMap) => Uint8Array): Promise<void> {
  for (const part of ['train', 'val']) {
    const folder = join(dir, part, 'labels');
    for (const name of await readdir(folder)) {
      await writeFile(join(folder, name), encoded(await readLabelMap(join(folder, name))));
    }
  }
}

const asColors = ({ data, width, height }: LabelMap) => {
  const rgb = Uint8Array.from([...data].flatMap((id) => classes[id]?.color ?? [1, 2, 3]));
  return encode({ width, height, channels: 3, depth: 8, data: rgb });
};

const asIds = (idOf: (id: number) => number) => (map: LabelMap) =>
  encode({
    width: map.width,
    height: map.height,
    channels: 1,
    depth: 8,
    data: map.data.map((id) => (id === 255 ? 255 : idOf(id))),
  });

/** A palette of the classes, with ignored pixels as a fifth color. */
const palette = () => `${classes.map(({ name, color }) => `${name},${color}\n`).join('')}void,1,2,3\n`;
const COLORS = { palette: 'colors.csv', label_map: { 0: 0, 1: 1, 2: 2, 3: 3, 4: 'ignore' } };

/** Class ids of the first batches of training and validation. */
async function targetsOf(config: SegmentationTaskConfig): Promise<string[]> {
  const data = await taskOf(config).openData(dir, { workers: 1 });
  const found: string[] = [];
  for (const loader of [data.train, data.val]) {
    for await (const { targets, release } of loader.epoch(0)) {
      found.push(Buffer.from(targets ?? []).toString('base64'));
      release();
    }
  }
  return found;
}

describe('label maps of other codings', () => {
  it("give the same classes in color, with the data set's own ids, and reduced", async () => {
    const expected = await targetsOf(configOf({}));
    await recode(asIds((id) => 10 * id + 3));
    const label_map = { 3: 0, 13: 1, 23: 2, 33: 3 };
    expect(await targetsOf(configOf({ label_map }))).toEqual(expected);
    await recode(asIds((id) => (id - 3) / 10 + 1));
    expect(await targetsOf(configOf({ reduce_zero_label: true }))).toEqual(expected);
    await recode(asIds((id) => id - 1));
    await writeFile(join(dir, 'colors.csv'), palette());
    await recode(asColors);
    expect(await targetsOf(configOf(COLORS))).toEqual(expected);
  });

  it('are reduced only if their layout does not map ids', async () => {
    await mkdir(join(dir, 'JPEGImages'));
    await mkdir(join(dir, 'leftImg8bit'));
    const reduced = (layout: string) => openLabelMapSets(dir, configOf({ layout, reduce_zero_label: true }));
    await expect(reduced('voc')).rejects.toThrow(
      'data.layout "voc" has 20 classes without id 0, but network.classes is 4: set it to 20',
    );
    await expect(reduced('cityscapes')).rejects.toThrow(
      'data.reduce_zero_label does not fit data.layout "cityscapes", which maps ids as they are: leave it out',
    );
  });

  it('take the names of the classes from their palette', async () => {
    await rm(join(dir, 'classes.json'));
    await writeFile(join(dir, 'colors.csv'), palette());
    await recode(asColors);
    expect((await openLabelMapSets(dir, configOf(COLORS))).classes).toEqual(classes);
    const label_map = { 0: 0, 1: 1, 2: 1, 3: 'ignore', 4: 'ignore' };
    const fewer = configOf({ palette: 'colors.csv', label_map }, { classes: 2 });
    expect((await openLabelMapSets(dir, fewer)).classes).toEqual(classes.slice(0, 2));
  });

  it('are compared with predictions in the same coding', async () => {
    const folder = join(dir, 'val', 'labels');
    const [name = ''] = await readdir(folder);
    const prediction = await readLabelMap(join(folder, name));
    await writeFile(join(dir, 'colors.csv'), palette());
    await recode(asColors);
    const { data } = configOf(COLORS);
    const labels = await openLabels(folder, classes, { keys: data });
    expect(await scoresOf(labels, name, prediction)).toMatchObject({ meanIou: 100, pixelAccuracy: 100 });
    await rm(join(dir, 'colors.csv'));
    await expect(openLabels(folder, classes, { keys: data })).rejects.toThrow(
      `the labels in ${folder} are colors, and their palette colors.csv is neither there nor in a parent folder`,
    );
  });

  it('have notes on images in other formats', async () => {
    await writeFile(join(dir, 'train', 'images', 'x.heic'), '');
    const { notes } = await taskOf(configOf({})).openData(dir, { workers: 1 });
    expect(notes).toContain(
      `1 file in ${join(dir, 'train')} left out: 1 .heic. These are not supported: convert to png or jpg`,
    );
  });

  it('have their coding saved in checkpoints, for comparisons', () => {
    const keys = { ...COLORS, layout: 'ade20k', reduce_zero_label: true };
    const described = configIn(descriptionOf(configOf(keys)), 'test');
    expect(described?.data).toMatchObject(keys);
    expect(Object.keys(descriptionOf(configOf({})).config ?? {})).toEqual([
      'task',
      'network',
      'segmentation',
    ]);
  });

  it('that fail name the configuration keys that help', async () => {
    const colored = new ImageError('a.png', 'it has the color 1, 2, 3', 'unknown-color');
    await expect(namingKeys(() => Promise.reject(colored))).rejects.toThrow(
      'Add it to the file that data.palette names',
    );
    const bare = new ImageError('a.png', 'it is RGB', 'colored-labels');
    await expect(namingKeys(() => Promise.reject(bare))).rejects.toThrow(
      'a.png: it is RGB. Name the colors of the classes with data.palette',
    );
    const coded = new ImageError('a.png', 'it has the id 7', 'unknown-class');
    await expect(namingKeys(() => Promise.reject(coded))).rejects.toThrow(
      'or data.label_map to the class of each id',
    );
  });
});

describe('data.layout', () => {
  it('reports its number of classes if network.classes differs', async () => {
    const config = configOf({ layout: 'voc' });
    await expect(openLabelMapSets(dir, config)).rejects.toThrow(`${dir} does not have the layout voc`);
    await writeFile(join(dir, 'JPEGImages'), '');
    await expect(openLabelMapSets(dir, config)).rejects.toThrow(
      'data.layout "voc" has 21 classes, but network.classes is 4: set it to 21, or data.label_map to the class of each id',
    );
  });

  it('provides images, labels and class names', async () => {
    const image = await readFile(
      join(dir, 'val', 'images', (await readdir(join(dir, 'val', 'images')))[0] ?? ''),
    );
    for (const part of ['train', 'val']) {
      for (const folder of ['leftImg8bit', 'gtFine'])
        await mkdir(join(dir, folder, part, 'ulm'), { recursive: true });
      await writeFile(join(dir, 'leftImg8bit', part, 'ulm', 'ulm_1_leftImg8bit.png'), image);
      await writeFile(
        join(dir, 'gtFine', part, 'ulm', 'ulm_1_gtFine_labelIds.png'),
        encode({ width: 1, height: 1, channels: 1, depth: 8, data: Uint8Array.of(7) }),
      );
    }
    await rm(join(dir, 'classes.json'));
    const sets = await openLabelMapSets(dir, configOf({ layout: 'cityscapes' }, { classes: 19 }));
    expect(sets.train.relativePath(0)).toBe('leftImg8bit/train/ulm/ulm_1_leftImg8bit.png');
    expect(sets.val.labelPath(0)).toBe(join(dir, 'gtFine/val/ulm/ulm_1_gtFine_labelIds.png'));
    expect(sets.classes?.[18]).toEqual({ id: 18, name: 'bicycle', color: [119, 11, 32] });
  });
});
