import { join } from 'node:path';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../src/errors.js';
import { readLabelMap } from '../src/label-map.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';
import { fixture } from './segmentation.js';

async function read(file: Uint8Array | string) {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'map.png': file });
  return readLabelMap(join(folder, 'map.png'));
}

describe('readLabelMap', () => {
  it.each(fixture.labels)('reads class ids, not colors: $about', async ({ file, size, ids }) => {
    const { data, width, height } = await read(Buffer.from(file, 'base64'));
    expect([width, height]).toEqual(size);
    expect(data).toEqual(new Uint8Array(Buffer.from(ids, 'base64')));
  });

  it.each([
    [2, [0b00_01_10_11, 0b11_00_00_00, 0b01_01_10_10, 0b10_00_00_00], [0, 1, 2, 3, 3, 1, 1, 2, 2, 2]],
    [4, [0x0f, 0x5a, 0x30, 0x12, 0x34, 0x50], [0, 15, 5, 10, 3, 1, 2, 3, 4, 5]],
  ] as const)('reads gray samples of %i bits', async (depth, bytes, ids) => {
    const png = encode({ width: 5, height: 2, channels: 1, depth, data: Uint8Array.from(bytes) });
    expect([...(await read(png)).data]).toEqual(ids);
  });

  it('reads an interlaced map', async () => {
    const data = Uint8Array.from({ length: 11 * 9 }, (_, i) => i);
    const png = encode({ width: 11, height: 9, channels: 1, depth: 8, data }, { interlace: 'Adam7' });
    expect((await read(png)).data).toEqual(data);
  });

  const pixels = { width: 2, height: 2 };
  it.each([
    ['RGB', encode({ ...pixels, channels: 3, data: new Uint8Array(12) })],
    ['RGBA', encode({ ...pixels, channels: 4, data: new Uint8Array(16) })],
    ['gray with transparency', encode({ ...pixels, channels: 2, data: new Uint8Array(8) })],
    ['of 16 bits', encode({ ...pixels, channels: 1, depth: 16, data: new Uint16Array(4) })],
    ['not a PNG', 'some text'],
  ])('rejects a label map that is %s', async (kind, file) => {
    const error = await read(file).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({ code: kind.startsWith('RGB') ? 'colored-labels' : 'unreadable' });
    expect(String(error)).toMatch(
      new RegExp(
        `map\\.png: expected class ids as a gray or palette PNG of at most 8 bits, but it is ${kind}\\.$`,
      ),
    );
  });

  it('rejects interlaced maps of less than 8 bits, which it would misread', async () => {
    const png = Buffer.from(encode({ width: 8, height: 1, channels: 1, depth: 1, data: Uint8Array.of(1) }));
    png[28] = 1;
    await expect(read(png)).rejects.toThrow('but it is interlaced, which is supported with 8 bits only');
  });

  it('rejects a map that claims too many pixels before allocating them', async () => {
    const png = Buffer.from(grayPng(7, 40, 40));
    png.writeUInt32BE(2 ** 27, 16);
    await expect(read(png)).rejects.toMatchObject({
      code: 'too-large',
      reason: 'it has 134217728×40 pixels, more than maxPixels, 134217728: make it smaller',
    });
  });

  it('names a damaged file', async () => {
    const png = Buffer.from(grayPng(7, 40, 40));
    await expect(read(png.subarray(0, png.length - 20))).rejects.toThrow(ImageError);
    png[45] = (png[45] ?? 0) ^ 0xff;
    await expect(read(png)).rejects.toThrow('map.png: ');
    await expect(readLabelMap('/nowhere/map.png')).rejects.toThrow('/nowhere/map.png: ENOENT');
  });
});
