import { join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../src/errors.js';
import { type LabelCoding, labelDecoder } from '../src/label-coding.js';
import { readLabelMap } from '../src/label-map.js';
import { createLoader } from '../src/loader.js';
import { sequentialSampler } from '../src/sampler.js';
import { SegmentationFolder } from '../src/segmentation-folder.js';
import { segmentationEvalTransform } from '../src/segmentation-transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const SKY: [number, number, number] = [70, 130, 180];
const ROAD: [number, number, number] = [128, 64, 128];
const palette = [
  { id: 0, color: SKY },
  { id: 4, color: ROAD },
];

async function read(file: Uint8Array, coding: LabelCoding) {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'map.png': file });
  return [...(await readLabelMap(join(folder, 'map.png'), { coding })).data];
}

const ids = (...data: number[]) =>
  encode({ width: data.length, height: 1, channels: 1, depth: 8, data: Uint8Array.from(data) });

function colors(channels: 3 | 4, ...pixels: (readonly number[])[]): Uint8Array {
  const data = Uint8Array.from(pixels.flatMap((color) => (channels === 4 ? [...color, 7] : color)));
  return encode({ width: 2, height: pixels.length / 2, channels, depth: 8, data });
}

describe('reduceZero', () => {
  // As mmsegmentation: 0 becomes 255, then every id drops by one, and 254 becomes 255 again.
  it('ignores id 0 and lowers the others by one', async () => {
    expect(await read(ids(0, 1, 2, 150, 254, 255), { reduceZero: true })).toEqual([255, 0, 1, 149, 253, 255]);
  });

  it('is applied before the map of ids', async () => {
    const coding = { reduceZero: true, labelMap: { 0: 7, 1: 8, 2: 'ignore' } } as const;
    expect(await read(ids(0, 1, 2, 3), coding)).toEqual([255, 7, 8, 255]);
  });
});

describe('a map of ids', () => {
  it('gives ids their classes', async () => {
    const labelMap = { 7: 0, 8: 1, 11: 0, 3: 'ignore' } as const;
    expect(await read(ids(7, 8, 11, 3, 255), { labelMap })).toEqual([0, 1, 0, 255, 255]);
    expect(await read(ids(0, 255), { labelMap: { 0: 0, 255: 1 } })).toEqual([0, 1]);
    expect(await read(ids(7, 8, 254), { labelMap: { 7: 0, '*': 'ignore' } })).toEqual([0, 255, 255]);
  });

  it('names the file, id and pixel of an unknown id', async () => {
    const map = encode({ width: 2, height: 2, channels: 1, depth: 8, data: Uint8Array.of(7, 7, 7, 9) });
    const error = await read(map, { labelMap: { 7: 0 } }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ImageError', code: 'unknown-class' });
    expect(String(error)).toMatch(/map\.png: it has the id 9 at x 1, y 1, which is not in the map of ids\.$/);
  });
});

describe('a palette', () => {
  it('reads RGB, RGBA and indexed maps by color', async () => {
    const pixels = [SKY, ROAD, ROAD, SKY] as const;
    expect(await read(colors(3, ...pixels), { palette })).toEqual([0, 4, 4, 0]);
    expect(await read(colors(4, ...pixels), { palette })).toEqual([0, 4, 4, 0]);
    const raw = sharp(Uint8Array.from(pixels.flat()), { raw: { width: 2, height: 2, channels: 3 } });
    const indexed = await raw.png({ palette: true }).toBuffer();
    expect(indexed[25]).toBe(3);
    expect(await read(indexed, { palette })).toEqual([0, 4, 4, 0]);
  });

  it('reads gray as a color, of any depth', async () => {
    const binary = [
      { id: 1, color: [255, 255, 255] },
      { id: 0, color: [0, 0, 0] },
    ] as const;
    expect(await read(ids(0, 255, 255), { palette: binary })).toEqual([0, 1, 1]);
    const bits = encode({ width: 4, height: 1, channels: 1, depth: 1, data: Uint8Array.of(0b0110_0000) });
    expect(await read(bits, { palette: binary })).toEqual([0, 1, 1, 0]);
  });

  it('is applied before the map of ids', async () => {
    const coding = { palette, labelMap: { 0: 'ignore', 4: 0 } } as const;
    expect(await read(colors(3, SKY, ROAD), coding)).toEqual([255, 0]);
  });

  it('names the file, color and pixel of an unknown color', async () => {
    const map = colors(3, SKY, SKY, ROAD, [71, 130, 180]);
    const error = await read(map, { palette }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ImageError', code: 'unknown-color' });
    expect(String(error)).toMatch(
      /map\.png: it has the color 71, 130, 180 at x 1, y 1, which is not in the palette of the data set\.$/,
    );
  });

  it('refuses 16 bits and files other than PNG', async () => {
    const data = new Uint16Array(3);
    const deep = encode({ width: 1, height: 1, channels: 3, depth: 16, data });
    await expect(read(deep, { palette })).rejects.toThrow('expected class colors as a PNG of at most 8 bits');
    await expect(read(new Uint8Array(50), { palette })).rejects.toThrow('but it is not a PNG');
  });
});

describe('labelDecoder', () => {
  it.each<[LabelCoding, string]>([
    [{ palette: [] }, 'The palette has no colors'],
    [
      {
        palette: [
          { id: 1, color: SKY },
          { id: 2, color: SKY },
        ],
      },
      'has the color 70, 130, 180 twice: for 1 and 2',
    ],
    [{ palette: [{ id: 1, color: [0, 0, 256] }] }, 'for the color of id 1 but received 256'],
    [{ labelMap: { road: 1 } }, 'Expected an id from 0 to 255, or *, in the map of ids but received road'],
    [{ labelMap: { 3: 300 } }, 'for the class of id 3 in the map of ids but received 300'],
  ])('refuses %j', (coding, message) => {
    expect(() => labelDecoder(coding)).toThrow(message);
  });
});

describe('a loader of coded label maps', () => {
  const transform = segmentationEvalTransform({ crop: 4, classes: 3 });

  async function folderOf(maps: Record<string, Uint8Array>, coding?: LabelCoding) {
    const root = await temporaryFolder();
    const files: Record<string, Uint8Array> = {};
    for (const [name, map] of Object.entries(maps)) {
      files[`images/${name}.png`] = grayPng(9, 2, 2);
      files[`labels/${name}.png`] = map;
    }
    await writeFiles(root, files);
    return SegmentationFolder.open(root, { coding });
  }

  async function targetsOf(folder: SegmentationFolder) {
    const sampler = sequentialSampler(folder.length);
    const onBadImage = { skip: 9 };
    const loader = createLoader({ folder, transform, sampler, batchSize: 2, onBadImage });
    const rows: number[][] = [];
    for await (const { targets, size, release } of loader.epoch(0)) {
      for (let row = 0; row < size; row++) rows.push([...(targets ?? []).slice(16 * row, 16 * row + 6)]);
      release();
    }
    return rows;
  }

  it('delivers classes', async () => {
    const maps = { a: grayPng(7, 2, 2), b: grayPng(8, 2, 2) };
    expect(await targetsOf(await folderOf(maps, { labelMap: { 7: 2, 8: 'ignore' } }))).toEqual([
      [2, 2, 255, 255, 2, 2],
      [255, 255, 255, 255, 255, 255],
    ]);
  });

  it('stops at an unknown color or id even if it skips unreadable images, and names both files', async () => {
    const folder = await folderOf({ a: grayPng(7, 2, 2) }, { labelMap: { 8: 1 } });
    const error = await targetsOf(folder).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(String(error)).toContain(
      `${folder.path(0)}: its label map ${folder.labelPath(0)} cannot be read: it has the id 7 at x 0, y 0`,
    );
    const colored = await folderOf(
      { a: colors(3, ROAD, SKY, SKY, SKY) },
      { palette: [{ id: 0, color: SKY }] },
    );
    await expect(targetsOf(colored)).rejects.toMatchObject({ code: 'unknown-color' });
    const bare = await folderOf({ a: colors(3, ROAD, SKY, SKY, SKY), b: grayPng(1, 2, 2) });
    await expect(targetsOf(bare)).rejects.toMatchObject({ code: 'colored-labels' });
  });

  it('names the pixel of an id that is not a class', async () => {
    const folder = await folderOf({
      a: encode({ width: 2, height: 2, data: Uint8Array.of(0, 0, 3, 0), channels: 1 }),
    });
    await expect(targetsOf(folder)).rejects.toThrow(
      'has pixels of class 3, one at x 0, y 1, but there are 3 classes',
    );
  });

  it('has a digest that depends on the coding', async () => {
    const folder = await folderOf({ a: grayPng(7, 2, 2) });
    const coded = await SegmentationFolder.open(folder.root, { coding: { reduceZero: true } });
    const other = await SegmentationFolder.open(folder.root, { coding: { labelMap: { 7: 0 } } });
    expect(new Set([folder.digest(), coded.digest(), other.digest()]).size).toBe(3);
  });
});
