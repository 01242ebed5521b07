import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { decodeOnPool } from '../src/decode.js';
import { makeThumbnail } from '../src/thumbnail.js';
import { greyPng, temporaryFolder, writeFiles } from './images.js';

it('keeps every pixel of a small image', async () => {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'small.png': greyPng(77, 12, 8) });
  const { data, ...info } = await makeThumbnail(join(folder, 'small.png'), 96);
  expect(info).toEqual({ type: 'image/png', width: 12, height: 8 });
  const { data: pixels } = await decodeOnPool(data, 'thumbnail');
  expect(new Set(pixels)).toEqual(new Set([77]));
});

it('shrinks a large one, upright', async () => {
  const path = join(await temporaryFolder(), 'large.jpg');
  const red = sharp({ create: { width: 300, height: 200, channels: 3, background: '#c03232' } });
  await red.withMetadata({ orientation: 6 }).jpeg().toFile(path);
  const { data, ...info } = await makeThumbnail(path, 96);
  expect(info).toEqual({ type: 'image/jpeg', width: 64, height: 96 });
  expect(data.length).toBeLessThan(5000);
});

it('names a file that is no image', async () => {
  const path = join(await temporaryFolder(), 'broken.png');
  await writeFile(path, 'no image');
  await expect(makeThumbnail(path, 96)).rejects.toThrow(`Cannot read the image ${path}`);
});
