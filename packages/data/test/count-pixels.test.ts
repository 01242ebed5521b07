import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { countPixels } from '../src/count-pixels.js';
import { ImageError } from '../src/errors.js';
import { SegmentationFolder } from '../src/segmentation-folder.js';
import { temporaryFolder, writeFiles } from './images.js';

const IMAGES = 37;
const ids = (...data: number[]) =>
  encode({ width: data.length, height: 1, channels: 1, depth: 8, data: Uint8Array.from(data) });

/** Map n has n + 1 pixels of class 0, one of class 1, one of class 3 and one that is ignored. */
async function folderWith(files: Record<string, Uint8Array | string> = {}, options = {}) {
  const root = await temporaryFolder();
  for (let n = 0; n < IMAGES; n++) {
    const name = `${String(n).padStart(2, '0')}.png`;
    const map = ids(...new Array<number>(n + 1).fill(0), 1, 255, 3);
    await writeFiles(root, { [`images/${name}`]: 'x', [`labels/${name}`]: map });
  }
  await writeFiles(root, files);
  return SegmentationFolder.open(root, options);
}

const ZEROS = (IMAGES * (IMAGES + 1)) / 2;

describe('countPixels', () => {
  it('counts pixels by class over all label maps, with any number of workers', async () => {
    const folder = await folderWith();
    for (const workers of [1, 2, 3]) {
      expect(await countPixels(folder, { classes: 5 }, { workers })).toEqual([ZEROS, IMAGES, 0, IMAGES, 0]);
    }
    // The parts of several processes; with 40, the last ones have no map.
    for (const size of [3, 40]) {
      const counted = Array.from({ length: size }, (_, rank) =>
        countPixels(folder, { classes: 5 }, { workers: 1, share: { rank, size } }),
      );
      const parts = await Promise.all(counted);
      expect(parts.at(-1)?.[1]).toBe(Math.floor(IMAGES / size));
      const sums = parts.reduce((sum, part) => sum.map((pixels, id) => pixels + (part[id] ?? 0)));
      expect(sums).toEqual([ZEROS, IMAGES, 0, IMAGES, 0]);
    }
    expect(await countPixels(folder, { classes: 4, ignoreIndex: 0 })).toEqual([0, IMAGES, 0, IMAGES]);
  });

  it('applies the coding of the label maps', async () => {
    const folder = await folderWith({}, { coding: { labelMap: { 0: 1, 1: 0, 3: 'ignore' } } });
    expect(await countPixels(folder, { classes: 2 })).toEqual([IMAGES, ZEROS]);
  });

  it('names a label map that is unreadable or has an unknown class, or skips it', async () => {
    const folder = await folderWith();
    const few = countPixels(folder, { classes: 3 });
    await expect(few).rejects.toThrow(ImageError);
    await expect(few).rejects.toThrow(/labels\/\d\d\.png: it has the class 3, but there are 3/);
    const damaged = await folderWith({ 'labels/05.png': 'no PNG', 'labels/36.png': ids(7) });
    await expect(countPixels(damaged, { classes: 5 })).rejects.toThrow(/labels\/(05|36)\.png/);
    const rest = [ZEROS - 6 - 37, IMAGES - 2, 0, IMAGES - 2, 0];
    expect(await countPixels(damaged, { classes: 5 }, { skip: true })).toEqual(rest);
  });
});
