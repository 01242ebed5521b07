import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareCodePoints } from '../src/folders.js';
import { assertSameClasses, ImageFolder } from '../src/image-folder.js';
import { usePicture } from '../src/reader.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

async function folderWith(...names: string[]): Promise<string> {
  const root = await temporaryFolder();
  await writeFiles(root, Object.fromEntries(names.map((name) => [name, 'x'])));
  return root;
}

const filesOf = (folder: ImageFolder) =>
  Array.from({ length: folder.length }, (_, i) => folder.relativePath(i));

describe('ImageFolder', () => {
  it('finds classes and files in torchvision order', async () => {
    const root = await folderWith(
      'b/2.png',
      'b/10.PNG',
      'b/notes.txt',
      'B/x.Jpeg',
      'B/y.JFIF',
      'B/z.jpe',
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
      'B/y.JFIF',
      'B/z.jpe',
      'a/z.jpg',
      'a/sub/0.jpg',
      'a/sub-2/0.jpg',
      'a/sub/deep/1.jpg',
      'b/10.PNG',
      'b/2.png',
    ]);
    expect(filesOf(folder).map((_, i) => folder.label(i))).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2]);
    expect(folder.path(0)).toBe(join(root, 'B/x.Jpeg'));
    expect(() => folder.path(9)).toThrow(`No image 9 in ${root}, which has 9`);
  });

  it('follows links to folders', async () => {
    const elsewhere = await folderWith('1.png');
    const root = await folderWith('a/1.png');
    await symlink(elsewhere, join(root, 'linked'));
    await symlink(join(root, 'nowhere'), join(root, 'dangling'));
    expect((await ImageFolder.open(root)).classes).toEqual(['a', 'linked']);
  });

  it('skips hidden files and leftovers of archivers and notebooks', async () => {
    const root = await folderWith(
      'a/1.png',
      'a/._1.png',
      'a/.ipynb_checkpoints/1-checkpoint.png',
      'a/__MACOSX/1.png',
      'b/1.png',
      '.hidden/1.png',
      '.ipynb_checkpoints/1.png',
      '__MACOSX/a/._1.png',
      '.DS_Store',
    );
    const folder = await ImageFolder.open(root);
    expect(folder.classes).toEqual(['a', 'b']);
    expect(filesOf(folder)).toEqual(['a/1.png', 'b/1.png']);
  });

  it('does not follow a link back to one of its ancestors', async () => {
    const root = await folderWith('a/1.png', 'a/deep/2.png', 'b/3.png');
    await symlink('.', join(root, 'a/self'));
    await symlink('..', join(root, 'a/deep/up'));
    await symlink(root, join(root, 'a/root'));
    await symlink(root, join(root, 'all'));
    // A link from a to b, and one back.
    await symlink('../b', join(root, 'a/to-b'));
    await symlink('../a', join(root, 'b/to-a'));
    const folder = await ImageFolder.open(root);
    expect(folder.classes).toEqual(['a', 'b']);
    expect(filesOf(folder)).toEqual([
      'a/1.png',
      'a/deep/2.png',
      'a/to-b/3.png',
      'b/3.png',
      'b/to-a/1.png',
      'b/to-a/deep/2.png',
    ]);
  });

  it('accepts only files and links to files as images', async () => {
    const root = await folderWith('a/1.png');
    execFileSync('mkfifo', [join(root, 'a/pipe.png')]);
    await symlink('/dev/zero', join(root, 'a/device.png'));
    await symlink('1.png', join(root, 'a/link.png'));
    await symlink('nowhere', join(root, 'a/missing.png'));
    expect(filesOf(await ImageFolder.open(root))).toEqual(['a/1.png', 'a/link.png', 'a/missing.png']);
  });

  it('finds files whose names are not UTF-8', async () => {
    const root = await folderWith('a/\u00e4.png', 'a/\ufffd.png');
    // Latin-1: a lone ß is not valid UTF-8.
    const latin = Buffer.concat([Buffer.from(join(root, 'stra')), Buffer.from([0xdf]), Buffer.from('e')]);
    await mkdir(latin);
    const image = grayPng(7);
    await writeFile(Buffer.concat([latin, Buffer.from('/gr\xfcn.png', 'latin1')]), image);
    const folder = await ImageFolder.open(root);
    expect(folder.classes).toEqual(['a', 'stra\udcdfe']);
    expect(filesOf(folder)).toEqual(['a/\u00e4.png', 'a/\ufffd.png', 'stra\udcdfe/gr\udcfcn.png']);
    expect(await usePicture(folder.path(2), ({ width, height }) => [width, height])).toEqual([8, 8]);
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
    const root = await folderWith('readme.txt');
    await expect(ImageFolder.open(root)).rejects.toThrow(
      `No class folder in ${root}: expected one folder per class`,
    );
    await writeFiles(root, { '1.png': 'x' });
    await expect(ImageFolder.open(root)).rejects.toThrow(
      `No class folder in ${root}, which has 1 image: expected one folder per class. Sort the images`,
    );
  });

  it('says that an archive is compressed', async () => {
    const root = await folderWith('train-000000.tar.gz', 'train-000001.tgz', 'train.tar.zst.md5');
    await expect(ImageFolder.open(root)).rejects.toThrow(
      `No class folder in ${root}, which has 2 compressed archives (train-000000.tar.gz, train-000001.tgz): decompress tar shards`,
    );
  });

  it('counts images in other formats', async () => {
    const root = await folderWith('a/1.png', 'a/1.HEIC', 'a/b/2.heic', 'b/1.png', 'b/3.jxl', 'b/Thumbs.db');
    expect(Object.fromEntries((await ImageFolder.open(root)).leftOut)).toEqual({ '.heic': 2, '.jxl': 1 });
  });

  it('names empty classes', async () => {
    const root = await folderWith('a/1.png', 'b/readme.txt');
    await expect(ImageFolder.open(root)).rejects.toThrow(`Class b has no image in ${root}`);
    await mkdir(join(root, 'c'));
    await expect(ImageFolder.open(root)).rejects.toThrow('Classes b, c have no image');
  });

  it('names the formats it found if there is no image', async () => {
    const root = await folderWith('a/1.png', 'b/1.heic', 'b/deep/2.HEIC', 'b/3.jxl', 'b/Thumbs.db');
    await expect(ImageFolder.open(root)).rejects.toThrow(
      `Class b has no image in ${root}: add jpg, png, webp, avif, tiff, gif or bmp files or remove the empty class folder. ` +
        'There are 2 .heic and 1 .jxl files, which are not supported: convert to png or jpg.',
    );
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
