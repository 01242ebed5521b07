import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeOnPool } from '../src/decode.js';
import { readPhotograph } from '../src/photograph.js';
import { makeThumbnail } from '../src/thumbnail.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

it('keeps every pixel of a small image', async () => {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'small.png': grayPng(77, 12, 8) });
  const { data, ...info } = await makeThumbnail(join(folder, 'small.png'), 96);
  expect(info).toEqual({ type: 'image/png', width: 12, height: 8 });
  const { data: pixels } = await decodeOnPool(data, 'thumbnail');
  expect(new Set(pixels)).toEqual(new Set([77]));
});

it('shrinks a large image and turns it upright', async () => {
  const path = join(await temporaryFolder(), 'large.jpg');
  const red = sharp({ create: { width: 300, height: 200, channels: 3, background: '#c03232' } });
  await red.withMetadata({ orientation: 6 }).jpeg().toFile(path);
  const { data, ...info } = await makeThumbnail(path, 96);
  expect(info).toEqual({ type: 'image/jpeg', width: 64, height: 96 });
  expect(data.length).toBeLessThan(5000);
});

const odd = join(import.meta.dirname, 'fixtures/odd');

it.each(['jfif9', 'adobe2-prog', 'garbage-before-scan'])(
  'shows the pixels that the loader reads: %s',
  async (name) => {
    const { data, ...info } = await makeThumbnail(join(odd, `${name}.jpg`), 40);
    expect(info).toEqual({ type: 'image/png', width: 40, height: 30 });
    const seen = await decodeOnPool(data, 'thumbnail');
    const read = await readPhotograph(join(odd, `${name}.jpg`), { maxSide: 40 });
    expect(seen.data).toEqual(Buffer.from(read.data));
  },
);

it('has the colors that the loader reads, and ignores the profiles of RGB images', async () => {
  const path = join(await temporaryFolder(), 'wide.png');
  const wide = sharp({ create: { width: 200, height: 200, channels: 3, background: '#c83214' } });
  await wide.withIccProfile('p3').png().toFile(path);
  const { data } = await makeThumbnail(path, 40);
  const [seen, read] = [await decodeOnPool(data, 'thumbnail'), await readPhotograph(path)];
  expect([...seen.data.subarray(0, 3)]).toEqual([...read.data.subarray(0, 3)]);
});

it('names a file that is not an image', async () => {
  const path = join(await temporaryFolder(), 'broken.png');
  await writeFile(path, 'no image');
  await expect(makeThumbnail(path, 96)).rejects.toThrow(`Cannot read the image ${path}`);
});
