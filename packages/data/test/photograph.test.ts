import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError, ImageError } from '../src/errors.js';
import { listPhotographs, readPhotograph } from '../src/photograph.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';
import { fixture, photograph, sha256 } from './segmentation.js';

async function pngOf(width: number, height: number): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'image.png': encode({ ...photograph(width, height), depth: 8 }) });
  return join(folder, 'image.png');
}

describe('readPhotograph', () => {
  it.each(fixture.photographs)('equals PIL: $from, longest side $maxSide', async (given) => {
    const [width, height] = given.from;
    const read = await readPhotograph(await pngOf(width, height), { maxSide: given.maxSide });
    expect([read.width, read.height]).toEqual(given.to);
    expect(read.original).toEqual({ width, height });
    expect(sha256(read.data)).toBe(given.pixels);
  });

  it.each([
    [1, 1],
    [300, 200],
  ])('keeps the size of a %i×%i image by default', async (width, height) => {
    const { data, ...size } = await readPhotograph(await pngOf(width, height));
    expect(size).toEqual({ width, height, original: { width, height } });
    expect(data).toEqual(photograph(width, height).data);
  });

  it('reads gray as RGB', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'gray.png': grayPng(77, 3, 2) });
    const { data } = await readPhotograph(join(folder, 'gray.png'), { maxSide: 6 });
    expect(data).toEqual(new Uint8Array(6 * 4 * 3).fill(77));
  });

  it('turns JPEGs upright and keeps their decoded pixels', async () => {
    const folder = await temporaryFolder();
    const { data, width, height } = photograph(40, 30);
    const picture = sharp(data, { raw: { width, height, channels: 3 } });
    for (const orientation of [1, 6]) {
      const path = join(folder, `${orientation}.jpg`);
      await picture.clone().withMetadata({ orientation }).jpeg().toFile(path);
      const read = await readPhotograph(path);
      const expected = await sharp(path).autoOrient().raw().toBuffer({ resolveWithObject: true });
      expect(read.original).toEqual({ width: expected.info.width, height: expected.info.height });
      expect(read.data).toEqual(new Uint8Array(expected.data));
    }
  });

  it('rejects files that are not images and invalid sides', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'broken.jpg': 'no image' });
    await expect(readPhotograph(join(folder, 'broken.jpg'))).rejects.toThrow(ImageError);
    await expect(readPhotograph(join(folder, 'none.jpg'))).rejects.toThrow(
      /none\.jpg: ENOENT: no such file or directory\.$/,
    );
    await expect(readPhotograph(join(folder, 'broken.jpg'), { maxSide: 0 })).rejects.toThrow(
      'Expected a whole number of pixels above 0 for maxSide but received 0',
    );
  });
});

describe('listPhotographs', () => {
  it('lists only images directly in a folder, sorted by code point', async () => {
    const folder = await temporaryFolder();
    const names = [
      'b.png',
      'a.JPG',
      'Z.jpeg',
      '10.Png',
      '2.png',
      'notes.txt',
      'inner/c.png',
      '._b.png',
      '\u{1f600}.png',
    ];
    await writeFiles(folder, Object.fromEntries([...names, '\uff5e.png'].map((name) => [name, 'x'])));
    await mkdir(join(folder, 'folder.png'));
    await symlink(join(folder, 'b.png'), join(folder, 'link.png'));
    await symlink(join(folder, 'inner'), join(folder, 'link-to-folder.png'));
    expect(await listPhotographs(folder)).toEqual([
      '10.Png',
      '2.png',
      'Z.jpeg',
      'a.JPG',
      'b.png',
      'link.png',
      '\uff5e.png',
      '\u{1f600}.png',
    ]);
  });

  it('says why a folder cannot be used', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { 'notes.txt': 'x', 'inner/c.png': 'x' });
    const messageOf = async (path: string) => {
      const error = await listPhotographs(path).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DataError);
      return String(error);
    };
    const missing = join(folder, 'missing');
    expect(await messageOf(missing)).toContain(`Cannot read the folder of images ${missing}: ENOENT`);
    expect(await messageOf(join(folder, 'notes.txt'))).toContain('notes.txt: ENOTDIR: not a directory');
    expect(await messageOf(folder)).toContain(
      `No images in ${folder}: expected jpg, png, webp, avif, tiff, gif or bmp files directly in it.`,
    );
    await writeFiles(folder, { 'a.heic': 'x' });
    expect(await messageOf(folder)).toContain(
      'directly in it. There is 1 .heic file, which is not supported: convert to png or jpg.',
    );
  });
});
