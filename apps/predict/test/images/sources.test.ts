/** Images given on a command line: files, folders, patterns, lists. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { type Found, inChunks, pathsIn, photographs } from '../../src/images/sources.js';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  for (const folder of ['a/deep', 'b', 'empty', '.hidden', '[odd]']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  const files = [
    'a/2.jpg',
    'a/10.PNG',
    'a/note.txt',
    'a/deep/3.jpeg',
    'b/4.jpg',
    '.hidden/5.jpg',
    '[odd]/6.jpg',
  ];
  for (const file of files) await writeFile(join(root, file), '');
});

async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text as string);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Names relative to the root, with the reason if there is one. */
async function named(...args: string[]): Promise<string[]> {
  const found: Found[] = await all(
    photographs(
      args.map((arg) => join(root, arg)),
      pieces(),
    ),
  );
  const shown = found.map((each) => ('reason' in each ? `${each.path}: ${each.reason}` : each.path));
  return shown.map((text) => text.replaceAll(`${root}/`, ''));
}

describe('photographs', () => {
  it('are the given files in the order of the arguments, even missing ones', async () => {
    expect(await named('b/4.jpg', 'a/2.jpg', 'gone.jpg')).toEqual(['b/4.jpg', 'a/2.jpg', 'gone.jpg']);
  });

  it('are the images of a folder and of all folders below, in order', async () => {
    expect(await named('a', 'b')).toEqual(['a/10.PNG', 'a/2.jpg', 'a/deep/3.jpeg', 'b/4.jpg']);
  });

  it('are the files that match a pattern, except hidden ones', async () => {
    expect(await named('*/*.jpg')).toEqual(['[odd]/6.jpg', 'a/2.jpg', 'b/4.jpg']);
    expect(await named('**/[0-3]*.{jpg,jpeg,PNG}')).toEqual(['a/10.PNG', 'a/2.jpg', 'a/deep/3.jpeg']);
    expect(await named('a/?.jp*g')).toEqual(['a/2.jpg']);
    expect(await named('?/[!2]*')).toEqual(['a/10.PNG', 'a/note.txt', 'b/4.jpg']);
  });

  it('may have pattern characters in their names', async () => {
    expect(await named('[odd]', '[odd]/6.jpg')).toEqual(['[odd]/6.jpg', '[odd]/6.jpg']);
  });

  it('come with a reason if nothing matches, and the rest follow', async () => {
    expect(await named('*.gif', 'b')).toEqual(['*.gif: no file matches this pattern', 'b/4.jpg']);
    expect(await named('empty')).toEqual([
      'empty: No images in empty: expected jpg, png, webp, avif, tiff, gif or bmp files in it or in a folder below.',
    ]);
  });

  it('come from a list at its position among the arguments', async () => {
    const found = await all(photographs([join(root, 'b'), '-', 'x.jpg'], pieces('l.jpg\nm.jpg')));
    expect(found.map(({ path }) => path)).toEqual([join(root, 'b/4.jpg'), 'l.jpg', 'm.jpg', 'x.jpg']);
  });
});

describe('a list', () => {
  it('has one path per line, wherever its chunks end', async () => {
    expect(await all(pathsIn(pieces('a.j', 'pg\r\nä b.png\n', '\n', 'c')))).toEqual([
      'a.jpg',
      'ä b.png',
      'c',
    ]);
    expect(await all(pathsIn(pieces()))).toEqual([]);
  });

  it('may be separated by NUL, with line feeds in names', async () => {
    expect(await all(pathsIn(pieces('a\nb.jpg\0c.jpg\0')))).toEqual(['a\nb.jpg', 'c.jpg']);
  });

  it('may have names that are not UTF-8', async () => {
    expect(await all(pathsIn(pieces(Uint8Array.of(0x61, 0xe4, 0x0a))))).toEqual(['a\udce4']);
  });
});

it('inChunks grows its chunks up to a limit', async () => {
  async function* numbers() {
    for (let i = 0; i < 30; i++) yield i;
  }
  const chunks = await all(inChunks(numbers(), 2, 10));
  expect(chunks.map(({ length }) => length)).toEqual([2, 8, 10, 10]);
  expect(chunks.flat()).toEqual(Array.from({ length: 30 }, (_, i) => i));
});
