import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { readLabelMap } from '../src/label-map.js';
import { type LayoutName, layoutAbove, layoutsOf, openLayout } from '../src/layouts.js';
import { SegmentationFolder } from '../src/segmentation-folder.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const ids = (...data: number[]) =>
  encode({ width: data.length, height: 1, channels: 1, depth: 8, data: Uint8Array.from(data) });

const VISTAS = JSON.stringify({
  labels: [
    { name: 'animal--bird', readable: 'Bird', evaluate: true, color: [165, 42, 42] },
    { name: 'void--unlabeled', readable: 'Unlabeled', evaluate: false, color: [0, 0, 0] },
    { name: 'nature--sky', readable: 'Sky', evaluate: true, color: [70, 130, 180] },
  ],
});

const FILES: Readonly<Record<LayoutName, Record<string, Uint8Array | string>>> = {
  voc: {
    'VOCdevkit/VOC2012/JPEGImages/2007_1.jpg': grayPng(1),
    'VOCdevkit/VOC2012/JPEGImages/2007_2.jpg': grayPng(1),
    'VOCdevkit/VOC2012/JPEGImages/2007_3.jpg': grayPng(1),
    'VOCdevkit/VOC2012/SegmentationClass/2007_1.png': ids(0, 20, 255),
    'VOCdevkit/VOC2012/SegmentationClass/2007_2.png': ids(3, 4, 5),
    'VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt': '2007_2\n',
    'VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt': '2007_1\n',
  },
  ade20k: {
    'ADEChallengeData2016/images/training/ADE_train_1.jpg': grayPng(1),
    'ADEChallengeData2016/annotations/training/ADE_train_1.png': ids(0, 1, 150),
    'ADEChallengeData2016/images/validation/ADE_val_1.jpg': grayPng(1),
    'ADEChallengeData2016/annotations/validation/ADE_val_1.png': ids(0, 1, 150),
  },
  cityscapes: {
    'leftImg8bit/train/ulm/ulm_0_leftImg8bit.png': grayPng(1),
    'gtFine/train/ulm/ulm_0_gtFine_labelIds.png': ids(0, 7, 33),
    'gtFine/train/ulm/ulm_0_gtFine_labelTrainIds.png': ids(255, 0, 18),
    'leftImg8bit/val/bonn/bonn_0_leftImg8bit.png': grayPng(1),
    'gtFine/val/bonn/bonn_0_gtFine_labelIds.png': ids(0, 7, 33),
    'gtFine/val/bonn/bonn_0_gtFine_labelTrainIds.png': ids(255, 0, 18),
  },
  cityscapes_train_ids: {},
  vistas: {
    'config.json': VISTAS,
    'training/images/a.jpg': grayPng(1),
    'training/labels/a.png': ids(0, 1, 2),
    'validation/images/b.jpg': grayPng(1),
    'validation/labels/b.png': ids(0, 1, 2),
  },
  vistas_v2: {
    'config_v2.0.json': VISTAS,
    'training/images/a.jpg': grayPng(1),
    'training/v2.0/labels/a.png': ids(0, 1, 2),
    'validation/images/b.jpg': grayPng(1),
    'validation/v2.0/labels/b.png': ids(0, 1, 2),
  },
};

async function opened(name: LayoutName, files = FILES[name]) {
  const root = await temporaryFolder();
  await writeFiles(root, files);
  const layout = await openLayout(name, root);
  const read = async (part: string) => {
    const folder = await SegmentationFolder.open(layout.root, {
      ...layout.part(part),
      coding: layout.coding,
    });
    const { data } = await readLabelMap(folder.labelPath(0), { coding: layout.coding });
    return { length: folder.length, ids: [...data] };
  };
  return { root, layout, train: await read('train'), val: await read('val') };
}

describe('a layout', () => {
  it.each<[LayoutName, LayoutName, number, number[], number[]]>([
    ['voc', 'voc', 21, [3, 4, 5], [0, 20, 255]],
    ['ade20k', 'ade20k', 150, [255, 0, 149], [255, 0, 149]],
    ['cityscapes', 'cityscapes', 19, [255, 0, 18], [255, 0, 18]],
    ['cityscapes_train_ids', 'cityscapes', 19, [255, 0, 18], [255, 0, 18]],
    ['vistas', 'vistas', 2, [0, 255, 1], [0, 255, 1]],
    ['vistas_v2', 'vistas_v2', 2, [0, 255, 1], [0, 255, 1]],
  ])('%s provides its images and classes', async (name, files, classes, train, val) => {
    const found = await opened(name, FILES[files]);
    expect(found.layout.classes).toBe(classes);
    expect(found.train).toEqual({ length: 1, ids: train });
    expect(found.val).toEqual({ length: 1, ids: val });
    expect(layoutsOf(found.root)).toContain(name);
  });

  it('names the classes', async () => {
    const { layout } = await opened('voc');
    // Colors of the development kit.
    expect(layout.named?.[1]).toEqual({ id: 1, name: 'aeroplane', color: [128, 0, 0] });
    expect(layout.named?.[11]).toEqual({ id: 11, name: 'diningtable', color: [192, 128, 0] });
    expect(layout.named?.[20]).toEqual({ id: 20, name: 'tvmonitor', color: [0, 64, 128] });
    const vistas = await opened('vistas');
    expect(vistas.layout.named?.map(({ name }) => name)).toEqual(['Bird', 'Sky']);
  });

  it('maps every label id of Cityscapes to its train id', async () => {
    const { layout } = await opened('cityscapes', FILES.cityscapes);
    const trainIds = [
      ...[255, 255, 255, 255, 255, 255, 255, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5],
      ...[255, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 255, 16, 17, 18],
    ];
    const expected = trainIds.map((id, label) => [String(label), id === 255 ? 'ignore' : id]);
    expect(Object.entries(layout.coding?.labelMap ?? {})).toEqual(expected);
  });

  it('is found above a folder of label maps, and reads label maps elsewhere', async () => {
    const { root } = await opened('vistas');
    expect((await layoutAbove('vistas', join(root, 'validation/labels'))).root).toBe(root);
    const alone = await temporaryFolder();
    expect((await layoutAbove('cityscapes', alone)).labelSuffix).toBe('_gtFine_labelIds');
    await expect(layoutAbove('vistas', alone)).rejects.toThrow(
      'config.json: the file, which comes with the data set',
    );
  });

  it('reports missing files', async () => {
    const root = await temporaryFolder();
    await expect(openLayout('voc', root)).rejects.toThrow(
      `${root} does not have the layout voc: expected a folder JPEGImages in it.`,
    );
    await mkdir(join(root, 'training/images'), { recursive: true });
    await writeFiles(root, { 'config.json': '{"labels": [{"name": "a"}]}' });
    await expect(openLayout('vistas', root)).rejects.toThrow(
      'config.json: labels[0] lacks its "readable" name or its "color".',
    );
    await writeFiles(root, { 'config.json': '{}' });
    await expect(openLayout('vistas', root)).rejects.toThrow('config.json has no list of labels');
  });

  it('names the file and line of a listed image that does not exist', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, {
      ...FILES.voc,
      'VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt': '2007_1\n2007_9\n',
    });
    const layout = await openLayout('voc', root);
    await expect(SegmentationFolder.open(layout.root, layout.part('val'))).rejects.toThrow(
      'Segmentation/val.txt:2: there is no image 2007_9 in JPEGImages',
    );
    await expect(SegmentationFolder.open(layout.root, layout.part('test'))).rejects.toThrow(
      'Segmentation/test.txt: cannot be read (ENOENT',
    );
  });
});
