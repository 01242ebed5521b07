import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describedAs, torchOfJson, writeTorch } from '@inplace-abn/checkpoint';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import {
  descriptionOf,
  holdsSegmentation,
  networkFor,
  plainClasses,
  resolveConfig,
} from '../../src/index.js';
import { segmentationConfigOf } from '../support/label-maps.js';
import { weightsOf, writeSnapshot } from '../support/snapshots.js';

const WEIGHT = { dtype: 'float32', shape: [1], data: new Float32Array(1) } as const;

it('takes label suffixes and the ignored id from the configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'test-vistas-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config.json');
  const network = { arch: 'resnet18', bn_mode: 'inplace', activation: 'leaky_relu', classes: 4, width: 0.1 };
  const segmentation = { ignore_index: 0, image_suffix: '_photo', label_suffix: '_ids' };
  await writeFile(
    path,
    JSON.stringify({ task: 'segmentation', network, segmentation, data: { layout: 'voc' } }),
  );
  const { labeling } = await networkFor('none', path, undefined);
  expect(labeling).toMatchObject({ ignoreIndex: 0, imageSuffix: '_photo', labelSuffix: '_ids' });
  expect(labeling?.keys).toMatchObject({ layout: 'voc', palette: '' });
});

it('reads the network from the snapshot of a training run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'test-vistas-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const snapshot = join(folder, 'snapshot.pth.tar');
  const network = { arch: 'resnet18', bn_mode: 'inplace', activation: 'leaky_relu', classes: 4, width: 0.1 };
  const config = resolveConfig({ task: 'segmentation', network, input: { mean: [0.1, 0.2, 0.3] } }, 'test');
  const keys = Object.entries(describedAs(descriptionOf(config))).map(
    ([key, value]) => [key, torchOfJson(value)] as const,
  );
  await writeTorch(snapshot, new Map([...keys, ['state_dict', new Map([['weight', WEIGHT]])]]));
  const { title, mean, config: own } = await networkFor(snapshot, undefined, undefined);
  expect(title).toBe('resnet18 with DeepLabV3, 4 classes');
  expect({ mean, own }).toEqual({ mean: [0.1, 0.2, 0.3], own: config.network });
});

it('ignores the class Unlabeled for the published network', async () => {
  const { labeling, classes } = await networkFor('none.pth', undefined, undefined);
  expect([classes.length, labeling]).toEqual([65, { ignoreIndex: 65 }]);
});

it('takes classes from the snapshot, unless a list is given', async () => {
  const snapshot = join(await temporaryFolder(), 'snapshot.pth.tar');
  const config = segmentationConfigOf();
  const classes = ['sky', 'road', 'car', 'dog'];
  const colors = classes.map((_, id): [number, number, number] => [id, 0, 255]);
  const keys = Object.entries(describedAs(descriptionOf(config, { classes, colors }))).map(
    ([key, value]) => [key, torchOfJson(value)] as const,
  );
  await writeTorch(snapshot, new Map([...keys, ['state_dict', new Map([['weight', WEIGHT]])]]));
  const own = await networkFor(snapshot, undefined, undefined);
  expect(own.classes).toEqual(classes.map((name, id) => ({ id, name, color: [id, 0, 255] })));
  const given = plainClasses(4);
  expect((await networkFor(snapshot, undefined, given)).classes).toEqual(given);
  await expect(networkFor(snapshot, undefined, plainClasses(3))).rejects.toThrow(
    `the list names 3 classes but network.classes in ${snapshot} is 4`,
  );
});

it('recognizes a snapshot of a segmentation network by its parts', async () => {
  const config = segmentationConfigOf();
  expect(await holdsSegmentation(await writeSnapshot(weightsOf(config, 1)))).toBe(true);
  const classifier = join(await temporaryFolder(), 'classifier.pth');
  await writeTorch(classifier, new Map([['weight', WEIGHT]]));
  expect(await holdsSegmentation(classifier)).toBe(false);
});
