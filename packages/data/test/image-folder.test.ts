import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareCodePoints } from '../src/folders.js';
import { assertSameClasses, ImageFolder } from '../src/image-folder.js';
import { temporaryFolder, writeFiles } from './images.js';

async function folderWith(...names: string[]): Promise<string> {
  const root = await temporaryFolder();
  await writeFiles(root, Object.fromEntries(names.map((name) => [name, 'x'])));
  return root;
}

const filesOf = (folder: ImageFolder) =>
  Array.from({ length: folder.length }, (_, i) => folder.relativePath(i));

describe('ImageFolder', () => {
  it('finds classes and files in the order of torchvision', async () => {
    const root = await folderWith(
      'b/2.png',
      'b/10.PNG',
      'b/notes.txt',
      'B/x.Jpeg',
      'a/z.jpg',
      'a/sub/deep/1.jpg',
      'a/sub/0.jpg',
      'a/sub-2/0.jpg',
      'README.md',
    );
    const folder = await ImageFolder.open(root);
    expect(folder.classes).toEqual(['B', 'a', 'b']);
    expect(filesOf(folder)).toEqual([
      'B/x.Jpeg',
      'a/z.jpg',
      'a/sub/0.jpg',
      'a/sub-2/0.jpg',
      'a/sub/deep/1.jpg',
      'b/10.PNG',
      'b/2.png',
    ]);
    expect(filesOf(folder).map((_, i) => folder.label(i))).toEqual([0, 1, 1, 1, 1, 2, 2]);
    expect(folder.path(0)).toBe(join(root, 'B/x.Jpeg'));
    expect(() => folder.path(7)).toThrow(`No image 7 in ${root}, which has 7`);
  });

  it('follows links to folders', async () => {
    const elsewhere = await folderWith('1.png');
    const root = await folderWith('a/1.png');
    await symlink(elsewhere, join(root, 'linked'));
    await symlink(join(root, 'nowhere'), join(root, 'dangling'));
    expect((await ImageFolder.open(root)).classes).toEqual(['a', 'linked']);
  });

  it('has a digest of the names', async () => {
    const digest = async (...names: string[]) =>
      (await ImageFolder.open(await folderWith(...names))).digest();
    const reference = await digest('a/1.png', 'b/1.png');
    expect(await digest('a/1.png', 'b/1.png')).toBe(reference);
    expect(await digest('a/1.png', 'b/2.png')).not.toBe(reference);
  });

  it('says which folder is missing', async () => {
    const root = join(await temporaryFolder(), 'train');
    await expect(ImageFolder.open(root)).rejects.toThrow(`Cannot read the data folder ${root}: ENOENT`);
  });

  it('says that there is no class folder', async () => {
    const root = await folderWith('1.png');
    await expect(ImageFolder.open(root)).rejects.toThrow(
      `No class folder in ${root}: expected one folder per class`,
    );
  });

  it('names empty classes', async () => {
    const root = await folderWith('a/1.png', 'b/readme.txt');
    await expect(ImageFolder.open(root)).rejects.toThrow(`Class b has no image in ${root}`);
    await mkdir(join(root, 'c'));
    await expect(ImageFolder.open(root)).rejects.toThrow('Classes b, c have no image');
  });
});

describe('assertSameClasses', () => {
  const open = async (...classes: string[]) =>
    ImageFolder.open(await folderWith(...classes.map((name) => `${name}/1.png`)));

  it('accepts equal classes', async () => {
    const [train, val] = [await open('a', 'b'), await open('b', 'a')];
    expect(() => assertSameClasses(train, val)).not.toThrow();
  });

  it('names the difference', async () => {
    const train = await open('a', 'b', 'c');
    const val = await open('a', 'd');
    expect(() => assertSameClasses(train, val)).toThrow(
      `only in ${train.root}: b, c; only in ${val.root}: d. Both folders need the same class folders.`,
    );
  });
});

it('orders names by code point', () => {
  const names = ['\u{1f600}', '\uff5e', 'z', 'Z', 'a', '', 'aa', '\u{1f601}'];
  const expected = ['', 'Z', 'a', 'aa', 'z', '\uff5e', '\u{1f600}', '\u{1f601}'];
  expect(names.sort(compareCodePoints)).toEqual(expected);
});
