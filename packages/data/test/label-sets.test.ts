import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LabelSetOptions, openLabelSets, readLabelSets } from '../src/label-sets.js';
import { createLoader } from '../src/loader.js';
import { sequentialSampler } from '../src/sampler.js';
import { splitByName } from '../src/split.js';
import { evalTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const FILES = ['a.jpg', 'b.png', 'sub/c.jpg'];

interface Options extends LabelSetOptions {
  readonly name?: string;
  readonly classes?: readonly string[];
}

async function setsOf(text: string, { name = 'labels.csv', classes, ...options }: Options = {}) {
  const root = await temporaryFolder();
  await writeFiles(root, { ...Object.fromEntries(FILES.map((file) => [`img/${file}`, 'x'])), [name]: text });
  const list = await readLabelSets(join(root, name), options);
  const { images, unlisted } = await openLabelSets(join(root, 'img'), list, classes);
  const sets = Array.from({ length: images.length }, (_, i) =>
    Array.from(images.labelSet(i), (label) => images.classes[label]),
  );
  return { sets, classes: images.classes, unlisted, images };
}

const WANTED = [['cat', 'dog'], [], ['dog']];

describe('a list of multi-label images', () => {
  it.each<[string, string, Options]>([
    ['white space between them', 'image_name,tags\na,dog cat\nb,\nsub/c,dog\n', {}],
    ['semicolons', 'file,labels\na.jpg,cat;dog\nb.png,\nsub/c.jpg,dog\n', {}],
    ['commas in quotes, without a header', 'a.jpg,"dog, cat"\nb.png,\nsub/c.jpg,dog\n', {}],
    [
      'columns as of chest radiographs',
      'Image Index,Finding Labels,Age\na.jpg,cat|dog,3\nb.png,,4\nsub/c.jpg,dog,5\n',
      {},
    ],
    ["another column, as fastai's", 'x,labels,fname\n1,cat dog,a.jpg\n0,,b.png\n1,dog,sub/c.jpg\n', {}],
    ['named columns', 'x,what,of\n1,cat dog,a\n0,,b\n1,dog,sub/c\n', { columns: ['of', 'what'] }],
    ['a given separator', 'a.jpg,cat+dog\nb.png,\nsub/c.jpg,dog\n', { separator: '+' }],
    ['tabs', 'file\tlabels\na.jpg\tcat dog\nb.png\t\nsub/c.jpg\tdog\n', { name: 'labels.tsv' }],
    ['a column for each class', 'id,cat,dog\na,1,1\nb,0,0\nsub/c,0,1\n', {}],
    ['columns of fractions and words', 'what,cat,dog\na.jpg,1.0,True\nb.png,0.0,false\nsub/c.jpg,0,1\n', {}],
    ["columns of -1 and 1, as CelebA's", 'image_id,cat,dog\na,1,1\nb,-1,-1\nsub/c,-1,1\n', {}],
    ['columns of -1 and 1 without a known name', 'which,cat,dog\na,1,1\nb,-1,-1\nsub/c,-1.0,1.0\n', {}],
    [
      'columns of classes by name',
      'id,age,cat,dog\na,7,1,1\nb,9,0,0\nsub/c,3,0,1\n',
      { columns: ['id', 'cat', 'dog'] },
    ],
  ])('is read: %s', async (_, text, options) => {
    const { sets, classes, unlisted } = await setsOf(text, options);
    expect(classes).toEqual(['cat', 'dog']);
    expect(sets).toEqual(WANTED);
    expect(unlisted).toBe(0);
  });

  it('orders classes as their columns, and numeric labels by number', async () => {
    expect((await setsOf('id,zebra,ant\na,1,0\n')).classes).toEqual(['zebra', 'ant']);
    expect((await setsOf('a,10 2\nb,2\n')).classes).toEqual(['2', '10']);
  });

  it('uses the given classes, in any form', async () => {
    const classes = ['dog', 'cat'];
    expect((await setsOf('id,cat,dog\na,1,0\n', { classes })).images.labelSet(0)).toEqual(Int32Array.of(1));
    expect((await setsOf('a,cat\n', { classes })).images.labelSet(0)).toEqual(Int32Array.of(1));
  });

  it.each<[string, string, string, Options]>([
    [
      'a label that is not given',
      'a,cat\nb,cow\n',
      ':2: cow is not one of the 1 classes',
      { classes: ['cat'] },
    ],
    ['a missing column', 'id,cat\na,1\n', ':1: has no column dog, as the', { classes: ['cat', 'dog'] }],
    [
      'a column of no class',
      'id,cat,cow\na,1,1\n',
      ':1: cow is not one of the 1 classes',
      { classes: ['cat'] },
    ],
    [
      'a cell of another number',
      'id,cat,dog\na,1,0\nb,-1,0\n',
      ':3: the column cat holds "-1", not 0 or 1',
      {},
    ],
    ['two columns of a class', 'id,cat,cat\na,1,0\n', ':1: has the column cat twice', {}],
    ['ambiguous columns', 'a,b,c\nd,e,f\n', ':1: has 3 columns (a, b, c): name the columns', {}],
    ['a single column', 'cat\ndog\n', ':1: has 1 column: name the columns of the file and the labels', {}],
    [
      'a column that does not exist',
      'a,b\nc,d\n',
      ':1: has no column x; it has a, b',
      { columns: ['a', 'x'] },
    ],
    ['an image that is missing', 'id,labels\na,x\nz,x\n', ':3: there is no image z in ', {}],
    ['an image twice', 'id,labels\na,x\na.jpg,y\n', ':3: a.jpg is already on line 2', {}],
    ['no name', 'id,labels\n,x\n', ':2: has no file name', {}],
    ['nothing', '\n', ': is empty: expected a line for each image', {}],
  ])('is refused in one sentence: %s', async (_, text, message, options) => {
    await expect(setsOf(text, options)).rejects.toThrow(message);
  });

  it('has a digest of names and labels, which a selection keeps', async () => {
    const { images } = await setsOf('a,dog cat\nb,\nsub/c,dog\n');
    expect((await setsOf('sub/c,dog\na,cat dog\nb,\n')).images.digest()).toBe(images.digest());
    expect((await setsOf('a,dog cat\nb,dog\nsub/c,dog\n')).images.digest()).not.toBe(images.digest());
    const part = images.select((file) => file !== 'b.png');
    expect([part.length, part.labelSet(1), part.classes]).toEqual([2, Int32Array.of(1), ['cat', 'dog']]);
    const { train, val } = splitByName(images, 0.5);
    expect(train.length + val.length).toBe(3);
  });

  it('gives each image of a batch a row of labels, all 0 after the last image', async () => {
    const root = await temporaryFolder();
    const files = Object.fromEntries([1, 2, 3].map((i) => [`img/${i}.png`, grayPng(i)]));
    await writeFiles(root, { ...files, 'l.csv': 'id,a,b\n1,1,1\n2,0,0\n3,0,1\n' });
    const { images } = await openLabelSets(join(root, 'img'), await readLabelSets(join(root, 'l.csv')));
    const common = {
      transform: evalTransform({ crop: 8, scale: -1 }),
      sampler: sequentialSampler(3),
      batchSize: 2,
    };
    const seen: number[][] = [];
    const loader = createLoader({ ...common, folder: images, labelSets: 3, slots: 1 });
    for await (const batch of loader.epoch(0)) {
      seen.push([...(batch.labelSets ?? [])], [...batch.labels]);
      batch.release();
    }
    expect(seen).toEqual([
      [1, 1, 0, 0, 0, 0],
      [0, 0],
      [0, 1, 0, 0, 0, 0],
      [0, -1],
    ]);
    const one = { length: 3, path: (i: number) => images.path(i), label: () => 0 };
    expect(() => createLoader({ ...common, folder: one, labelSets: 3 })).toThrow('any number of labels');
  });
});
