import { join, relative } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readLabelFile } from '../src/label-file.js';
import { LabeledFiles } from '../src/labeled-files.js';
import { openListed } from '../src/listed-images.js';
import { splitByName } from '../src/split.js';
import { readSynsets } from '../src/synsets.js';
import { temporaryFolder, writeFiles } from './images.js';

/** A folder with empty images and a list of labels. */
async function listedFolder(images: readonly string[], name: string, text: string) {
  const root = await temporaryFolder();
  await writeFiles(root, { ...Object.fromEntries(images.map((file) => [`val/${file}`, 'x'])), [name]: text });
  return { images: join(root, 'val'), list: join(root, name) };
}

async function labelsOf(
  files: readonly string[],
  text: string,
  options: { name?: string; classes?: string[]; synsets?: ReadonlyMap<number, string> } = {},
) {
  const { name = 'labels.csv', ...listed } = options;
  const folder = await listedFolder(files, name, text);
  const { images, unlisted } = await openListed(folder.images, await readLabelFile(folder.list), listed);
  const pairs = Array.from({ length: images.length }, (_, i) => [images.relativePath(i), images.label(i)]);
  return { pairs, classes: images.classes, unlisted, digest: images.digest() };
}

const FILES = ['a.jpg', 'b.png', 'sub/c.jpg'];

describe('a list of labels', () => {
  it.each([
    ['CSV with a header', 'labels.csv', 'image,label\nsub/c.jpg,cat\na.jpg,dog\nb.png,cat\n'],
    [
      'columns in another order',
      'labels.csv',
      'split,label,filename\nx,cat,sub/c.jpg\nx,dog,a.jpg\nx,cat,b.png',
    ],
    ['CSV below an empty line', 'labels.csv', '\r\nsub/c.jpg,cat\r\na.jpg,dog\r\nb.png,cat\r\n'],
    ['TSV without a header', 'labels.tsv', 'sub/c.jpg\tcat\na.jpg\tdog\nb.png\tcat'],
    [
      'semicolons, quotes and Windows line ends',
      'labels.csv',
      '"sub/c.jpg";"cat"\r\n"a.jpg";"dog"\r\n"b.png";"cat"\r\n',
    ],
    ['white space', 'val.txt', 'sub/c.jpg cat\na.jpg   dog\nb.png cat\n\n'],
    [
      'names without ending, and with the folder',
      'labels.csv',
      '\uFEFFid,breed\nsub/c,cat\nval/a.jpg,dog\n./b,cat',
    ],
    [
      "Kaggle's boxes behind the class",
      'LOC.csv',
      'ImageId,PredictionString\nsub/c,cat 1 2 3 4\na,dog 1 1 9 9 dog 1 2 3 4\nb,cat 1 1 2 2',
    ],
    [
      'rows of empty cells, as spreadsheets write them',
      'labels.csv',
      ',,\nfile,label,\nsub/c.jpg,cat,\n,,\na.jpg,dog,\nb.png,cat,\n,,\n"",,\n',
    ],
    ['a label for each line, in the order of the names', 'truth.txt', 'dog\ncat\ncat\n'],
  ])('is read: %s', async (_, name, text) => {
    const { pairs, classes, unlisted } = await labelsOf(FILES, text, { name });
    expect(classes).toEqual(['cat', 'dog']);
    expect(pairs).toEqual([
      ['a.jpg', 1],
      ['b.png', 0],
      ['sub/c.jpg', 0],
    ]);
    expect(unlisted).toBe(0);
  });

  it('leaves out images that it does not name, and counts them', async () => {
    const { pairs, unlisted } = await labelsOf(FILES, 'file,label\nb.png,x\n');
    expect(pairs).toEqual([['b.png', 0]]);
    expect(unlisted).toBe(2);
  });

  it('may have absolute names', async () => {
    const root = await temporaryFolder();
    const val = join(root, 'val');
    await writeFiles(val, { 'a.jpg': 'x', 'sub/c.jpg': 'x' });
    await writeFiles(root, { 'l.csv': `path,class\n${val}/sub/c.jpg,cat\n${val}/a,dog\n` });
    const open = async (list: string) =>
      openListed(relative('.', val), await readLabelFile(join(root, list)));
    const { images } = await open('l.csv');
    expect([0, 1].map((i) => [images.relativePath(i), images.label(i)])).toEqual([
      ['a.jpg', 1],
      ['sub/c.jpg', 0],
    ]);
    await writeFiles(root, { 'other.csv': `path,class\n${root}/test/a.jpg,dog\n` });
    // Without a hint on column names: line 1 has them.
    await expect(open('other.csv')).rejects.toThrow(
      /other\.csv:2: there is no image \S+\/test\/a\.jpg in \S+val$/,
    );
  });

  it('may have whole numbers with a fraction, as pandas writes them', async () => {
    const text = 'a.jpg,10.0\nb.png,2.0\nsub/c.jpg,2\n';
    const { classes, pairs } = await labelsOf(FILES, text);
    expect(classes).toEqual(['2', '10']);
    expect(pairs.map(([, label]) => label)).toEqual([1, 0, 0]);
    const numbered = await labelsOf(FILES, 'a.jpg,1.0\nb.png,0.0\n', { classes: ['x', 'y'] });
    expect(numbered.pairs.map(([, label]) => label)).toEqual([1, 0]);
    // Names of versions.
    const versions = ['1.0', '2.0'];
    expect((await labelsOf(FILES, 'a.jpg,1.0\nb.png,1.5\n')).classes).toEqual(['1.0', '1.5']);
    const named = await labelsOf(FILES, 'a.jpg,2.0\nb.png,1.0\n', { classes: versions });
    expect(named.pairs.map(([, label]) => label)).toEqual([1, 0]);
  });

  it('orders classes that are numbers as numbers', async () => {
    const { classes, pairs } = await labelsOf(FILES, 'a.jpg,10\nb.png,2\nsub/c.jpg,10\n');
    expect(classes).toEqual(['2', '10']);
    expect(pairs.map(([, label]) => label)).toEqual([1, 0, 1]);
  });

  it('takes numbers as indices into the given classes', async () => {
    const { pairs } = await labelsOf(FILES, 'a.jpg 2\nb.png 0\nsub/c.jpg 1\n', {
      name: 'val.txt',
      classes: ['x', 'y', 'z'],
    });
    expect(pairs.map(([, label]) => label)).toEqual([2, 0, 1]);
  });

  it("maps numbers of ImageNet's devkit to its classes", async () => {
    const synsets = new Map([
      [1, 'n03'],
      [2, 'n01'],
      [3, 'n02'],
    ]);
    const classes = ['n01', 'n02', 'n03'];
    const { pairs } = await labelsOf(FILES, '1\n2\n3\n', { name: 'truth.txt', classes, synsets });
    expect(pairs.map(([, label]) => label)).toEqual([2, 0, 1]);
  });

  it('has a digest of names and labels, in any order of lines', async () => {
    const { digest } = await labelsOf(FILES, 'a.jpg,x\nb.png,y\nsub/c.jpg,x\n');
    expect((await labelsOf(FILES, 'sub/c.jpg,x\nb.png,y\na.jpg,x\n')).digest).toBe(digest);
    expect((await labelsOf(FILES, 'a.jpg,x\nb.png,x\nsub/c.jpg,y\n')).digest).not.toBe(digest);
  });

  it.each<
    [string, string, string, { name?: string; classes?: string[]; synsets?: ReadonlyMap<number, string> }]
  >([
    ['a missing image', 'file,label\na.jpg,x\nz.jpg,x\n', ':3: there is no image z.jpg in ', {}],
    ['an unknown header', 'img_nr,y\na.jpg,x\n', ':1: there is no image img_nr', {}],
    ['an image twice', 'a.jpg,x\nb.png,x\na,y\n', ':3: a is already on line 1', {}],
    ['a row too short', 'a.jpg,x\nb.png\n', ':2: has 1 column, but line 1 has 2', {}],
    ['no label', 'file,label\na.jpg,\n', ':2: has no label for a.jpg', {}],
    ['no name', 'file,label\n,x\n', ':2: has no file name', {}],
    ['an unclosed quote', 'file,label\n"a.jpg,x\nb.png,x\n', ':2: has a quote that does not end', {}],
    [
      'many columns',
      'a,b,c\nd,e,f\n',
      ':1: has 3 columns (a, b, c): name the columns of the file and the label',
      {},
    ],
    [
      'a class that is not given',
      'a.jpg,x\nb.png,q\n',
      ':2: q is not one of the 2 classes',
      { classes: ['x', 'y'] },
    ],
    [
      'an index beyond the classes',
      'a.jpg,0\nb.png,7\n',
      ':2: there is no class 7: the 2 classes are numbered from 0',
      { classes: ['x', 'y'] },
    ],
    [
      'numbers from 1',
      'a.jpg,1\nb.png,2\n',
      ':2: there is no class 2: the 2 classes are numbered from 0, and the list seems to count from 1',
      { classes: ['x', 'y'] },
    ],
    [
      'a number without a class',
      'a.jpg,9\n',
      ':1: no class has the number 9',
      { synsets: new Map([[1, 'x']]) },
    ],
    [
      'labels alone for other images',
      'x\ny\n',
      ': has 2 lines of a label alone, but ',
      { name: 'truth.txt' },
    ],
    ['an empty file', '\n', ': is empty', {}],
    ['a header alone', 'file,label\n', ': names no image: it has only a header', {}],
    [
      'a page of a server',
      '\n<!DOCTYPE html>\n<p>Sign in, please</p>\n',
      ': is html, not a list of labels',
      {},
    ],
    ['UTF-16 without a mark', 'a\0.\0j\0', ': is not a text file in UTF-8', {}],
  ])('names file and line of %s', async (_, text, message, options) => {
    await expect(labelsOf(FILES, text, options)).rejects.toThrow(`${options.name ?? 'labels.csv'}${message}`);
  });

  it.each(['fffe610062000a00', 'feff00610062000a'])('is not UTF-16: %s', async (hex) => {
    const root = await temporaryFolder();
    await writeFiles(root, { 'l.csv': Buffer.from(hex, 'hex') });
    await expect(readLabelFile(join(root, 'l.csv'))).rejects.toThrow(
      'l.csv: is UTF-16: save the list as UTF-8',
    );
  });

  it('names the first line that is not UTF-8', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { 'l.csv': Buffer.from('a.jpg,gray\nb.png,gr\xfcn\n', 'latin1') });
    await expect(readLabelFile(join(root, 'l.csv'))).rejects.toThrow(
      'l.csv:2: has bytes that are not UTF-8: save the list in that encoding',
    );
  });

  it('reads the named columns', async () => {
    const { images, list } = await listedFolder(FILES, 'l.csv', 'nr,img,y\n1,a.jpg,dog\n2,b.png,cat\n');
    const { images: read } = await openListed(images, await readLabelFile(list, { columns: ['img', 'y'] }));
    expect([read.label(0), read.label(1)]).toEqual([1, 0]);
    await expect(readLabelFile(list, { columns: ['img', 'class'] })).rejects.toThrow(
      ':1: has no column class; it has nr, img, y',
    );
  });
});

describe('readSynsets', () => {
  const read = async (content: string | Uint8Array) => {
    const root = await temporaryFolder();
    await writeFiles(root, { map: content });
    return [...(await readSynsets(join(root, 'map')))];
  };
  const expected = [
    [1, 'n02119789'],
    [2, 'n02100735'],
  ];

  it.each([
    ['number first', '1 n02119789 kit fox\n2 n02100735 English setter\n'],
    ['class first', 'n02119789 1 kit_fox\nn02100735 2 English_setter\n'],
    ['CSV with a header', 'id,wnid\n1,n02119789\n2,n02100735\n'],
  ])('reads a text file, %s', async (_, text) => {
    expect(await read(text)).toEqual(expected);
  });

  it.each([
    ['compressed', true],
    ['plain', false],
  ])("reads the devkit's MATLAB file, %s", async (_, compressed) => {
    const file = matFile(
      [
        ['n02119789', 1],
        ['n02100735', 2],
      ],
      compressed,
    );
    expect(await read(file)).toEqual(expected);
  });

  it('says why a file cannot be used', async () => {
    await expect(read('1 n02119789\nkit fox\n')).rejects.toThrow(
      /map:2: expected a number and a class folder/,
    );
    await expect(read('1 n02119789\n1 n02100735\n')).rejects.toThrow(/map:2: number 1 is given twice/);
    const file = matFile([['n02119789', 1]], false);
    await expect(read(file.subarray(0, file.length - 40))).rejects.toThrow(
      /is a MATLAB file that cannot be read: it is truncated/,
    );
  });
});

describe('splitByName', () => {
  const files = Array.from({ length: 200 }, (_, i) => `${i}.png`);
  const labels = Int32Array.from(files, (_, i) => i % 3);
  const images = new LabeledFiles('DIR', ['a', 'b', 'c'], files, labels, false);
  const namesOf = (part: LabeledFiles) => Array.from({ length: part.length }, (_, i) => part.relativePath(i));

  it('keeps every image in its part when others are added or removed', () => {
    const { train, val } = splitByName(images, 0.25);
    // Computed with Python's hashlib: this number changes only if the rule does.
    expect(val.length).toBe(45);
    expect(namesOf(train).length).toBe(155);
    expect(new Set([...namesOf(train), ...namesOf(val)]).size).toBe(200);
    for (let i = 0; i < val.length; i++) {
      expect(val.label(i)).toBe(Number.parseInt(val.relativePath(i), 10) % 3);
    }
    const early = (name: string) => Number.parseInt(name, 10) < 100;
    expect(namesOf(splitByName(images.select(early), 0.25).val)).toEqual(namesOf(val).filter(early));
  });

  it('refuses to leave a part without images', () => {
    expect(() =>
      splitByName(
        images.select((name) => name === '0.png'),
        0.1,
      ),
    ).toThrow('DIR has 1 images: too few to set aside 10 % of them');
  });
});

/** A MATLAB file like the devkit's: an array of structures, with text between the fields that matter. */
function matFile(classes: readonly (readonly [string, number])[], compressed: boolean): Buffer {
  const element = (type: number, data: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(type, 0);
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  };
  const integers = (...values: number[]) => {
    const data = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) data.writeInt32LE(value, 4 * i);
    return data;
  };
  const small = (type: number, data: Buffer) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE((data.length << 16) | type, 0);
    data.copy(bytes, 4);
    return bytes;
  };
  const matrix = (kind: number, sides: number[], ...rest: Buffer[]) =>
    element(
      14,
      Buffer.concat([
        element(6, integers(kind, 0)),
        element(5, integers(...sides)),
        element(1, Buffer.alloc(0)),
        ...rest,
      ]),
    );
  const characters = (text: string) => matrix(4, [1, text.length], element(17, Buffer.from(text, 'utf16le')));
  const fields = ['ILSVRC2012_ID', 'WNID', 'words'].map((name) => Buffer.from(name.padEnd(16, '\0')));
  const values = classes.flatMap(([name, id]) => [
    matrix(6, [1, 1], small(2, Buffer.from([id]))),
    characters(name),
    characters('kit fox'),
  ]);
  const synsets = matrix(
    2,
    [classes.length, 1],
    small(5, integers(16)),
    element(1, Buffer.concat(fields)),
    ...values,
  );
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, Platform: GLNXA64');
  header.write('\0\x01IM', 124, 'latin1');
  const packed = deflateSync(synsets);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(15, 0);
  head.writeUInt32LE(packed.length, 4);
  return Buffer.concat([header, ...(compressed ? [head, packed] : [synsets])]);
}
