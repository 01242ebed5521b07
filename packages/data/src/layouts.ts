import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError, reasonOf } from './errors.js';
import type { LabelCoding } from './label-coding.js';
import { CITYSCAPES, VOC } from './layout-classes.js';
import { type NamedColor, objectOf } from './palette.js';
import type { LabelNaming, SegmentationFolderOptions } from './segmentation-folder.js';

/** Data sets for segmentation as they are distributed. */
export const LAYOUTS = [
  'voc',
  'ade20k',
  'cityscapes',
  'cityscapes_train_ids',
  'vistas',
  'vistas_v2',
] as const;

/** Name of the layout of a data set. */
export type LayoutName = (typeof LAYOUTS)[number];

/** Where a data set has its files, and how it codes classes. */
export interface Layout extends Required<LabelNaming> {
  /** The folder that has the layout: the one given, or one below it that the archive creates. */
  readonly root: string;
  /** Folders and list of a part; `train` and `val` stand for the data set's own names of these parts. */
  part(name: string): SegmentationFolderOptions;
  /** How label maps code classes; absent: their ids are classes. */
  readonly coding?: LabelCoding;
  /** Number of classes, without ignored ones. */
  readonly classes: number;
  /** Their names and colors, if the data set defines them. */
  readonly named?: readonly NamedColor[];
}

interface Form {
  /** Folders that may contain the data set, such as those that an archive creates. */
  readonly below: readonly string[];
  /** A folder of the data set, by which it is recognized. */
  readonly mark: string;
  open(root: string): Omit<Layout, 'root'> | Promise<Omit<Layout, 'root'>>;
}

const SAME_NAMES = { imageSuffix: '', labelSuffix: '' };

const FORMS: Readonly<Record<LayoutName, Form>> = {
  voc: {
    below: ['', 'VOC2012', 'VOCdevkit/VOC2012'],
    mark: 'JPEGImages',
    open: () => ({
      ...SAME_NAMES,
      part: (name) => ({
        images: 'JPEGImages',
        labels: 'SegmentationClass',
        list: `ImageSets/Segmentation/${name}.txt`,
      }),
      classes: VOC.length,
      named: VOC,
    }),
  },
  ade20k: {
    below: ['', 'ADEChallengeData2016'],
    mark: 'annotations/training',
    open: () => ({
      ...SAME_NAMES,
      part: (name) =>
        foldersOf({ val: 'validation', train: 'training' }[name] ?? name, 'images', 'annotations'),
      coding: { reduceZero: true },
      classes: 150,
    }),
  },
  cityscapes: cityscapes('_gtFine_labelIds', {
    labelMap: {
      ...Object.fromEntries(Array.from({ length: 34 }, (_, id) => [id, 'ignore' as const])),
      ...Object.fromEntries(CITYSCAPES.map(({ labelId, id }) => [labelId, id])),
    },
  }),
  cityscapes_train_ids: cityscapes('_gtFine_labelTrainIds'),
  vistas: vistas(['v1.2/labels', 'labels'], ['config_v1.2.json', 'config.json']),
  vistas_v2: vistas(['v2.0/labels'], ['config_v2.0.json']),
};

function foldersOf(part: string, images: string, labels: string): SegmentationFolderOptions {
  return { images: `${images}/${part}`, labels: `${labels}/${part}` };
}

function cityscapes(labelSuffix: string, coding?: LabelCoding): Form {
  return {
    below: [''],
    mark: 'leftImg8bit',
    open: () => {
      const naming = { imageSuffix: '_leftImg8bit', labelSuffix };
      const part = (name: string) => ({ ...foldersOf(name, 'leftImg8bit', 'gtFine'), ...naming });
      const named = CITYSCAPES.map(({ id, name, color }) => ({ id, name, color }));
      return { ...naming, part, coding, classes: named.length, named };
    },
  };
}

function vistas(folders: readonly string[], configs: readonly string[]): Form {
  return {
    below: [''],
    mark: 'training/images',
    open: async (root) => {
      const path = firstOf(configs.map((name) => join(root, name)));
      const { coding, named } = await vistasConfig(path);
      const part = (name: string) => {
        const folder = { val: 'validation', train: 'training' }[name] ?? name;
        const labels = folders.find((inside) => existsSync(join(root, folder, inside))) ?? folders[0] ?? '';
        return { images: `${folder}/images`, labels: `${folder}/${labels}` };
      };
      return { ...SAME_NAMES, part, coding, classes: named.length, named };
    },
  };
}

/**
 * Opens a data set by the name of its layout.
 *
 * @throws DataError if the folder does not have it, or a file that it needs cannot be read
 */
export async function openLayout(name: LayoutName, dir: string): Promise<Layout> {
  const { below, mark, open } = FORMS[name];
  const root = below.map((inside) => join(dir, inside)).find((folder) => existsSync(join(folder, mark)));
  if (root === undefined) {
    throw new DataError(`${dir} does not have the layout ${name}: expected a folder ${mark} in it.`);
  }
  return { root, ...(await open(root)) };
}

/**
 * The layout for the label maps in `folder`, opened at the data set that contains it: that folder or one
 * above it. Outside of a data set it is opened at `folder`, which works if it needs no file of the data set.
 *
 * @throws DataError if a file that the layout needs cannot be read
 */
export async function layoutAbove(name: LayoutName, folder: string): Promise<Layout> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, FORMS[name].mark))) return openLayout(name, at);
    if (dirname(at) === at) return { root: folder, ...(await FORMS[name].open(folder)) };
  }
}

/** The layouts that a folder may have, by the folders in it. */
export function layoutsOf(dir: string): LayoutName[] {
  return LAYOUTS.filter((name) => {
    const { below, mark } = FORMS[name];
    return below.some((inside) => existsSync(join(dir, inside, mark)));
  });
}

function firstOf(paths: readonly string[]): string {
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new DataError(
    `There is no ${paths.join(' or ')}: the file, which comes with the data set, has its labels.`,
  );
}

/** Labels of Vistas that are evaluated are classes, in their order; the others are ignored. */
async function vistasConfig(path: string): Promise<{ coding: LabelCoding; named: NamedColor[] }> {
  let labels: unknown;
  try {
    labels = objectOf(JSON.parse(await readFile(path, 'utf8'))).labels;
  } catch (error) {
    throw new DataError(`Cannot read ${path}: ${reasonOf(error)}.`);
  }
  if (!Array.isArray(labels) || labels.length === 0 || labels.length > 255) {
    throw new DataError(`${path} has no list of labels, which the configuration of Mapillary Vistas has.`);
  }
  const labelMap: Record<string, number | 'ignore'> = {};
  const named: NamedColor[] = [];
  for (const [index, label] of labels.entries()) {
    const { readable, evaluate, color } = objectOf(label);
    const [red, green, blue] = Array.isArray(color) ? color.map(Number) : [];
    if (typeof readable !== 'string' || red === undefined || green === undefined || blue === undefined) {
      throw new DataError(`${path}: labels[${index}] lacks its "readable" name or its "color".`);
    }
    labelMap[index] = evaluate === false ? 'ignore' : named.length;
    if (evaluate !== false) named.push({ id: named.length, name: readable, color: [red, green, blue] });
  }
  return { coding: { labelMap }, named };
}
