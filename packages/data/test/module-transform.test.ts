/** User-defined transforms in the threads of a loader. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  createLoader,
  ImageFolder,
  moduleSegmentationTransform,
  moduleTransform,
  SegmentationFolder,
  sequentialSampler,
} from '../src/index.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const module = new URL('./fixtures/own-transform.mjs', import.meta.url);
const IMAGES = 7;

async function grays(): Promise<ImageFolder> {
  const root = await temporaryFolder();
  const files = Array.from({ length: IMAGES }, (_, i) => [`gray/0${i}.png`, grayPng(10 * i)] as const);
  await writeFiles(root, Object.fromEntries(files));
  return ImageFolder.open(root);
}

async function moduleOf(code: string): Promise<URL> {
  const path = join(await temporaryFolder(), 'transform.mjs');
  await writeFile(path, code);
  return pathToFileURL(path);
}

describe('a user-defined transform', () => {
  it("runs in the threads with its options and the loader's random numbers", async () => {
    const folder = await grays();
    const transform = await moduleTransform({ module, options: { side: 3 } });
    expect([transform.width, transform.height]).toEqual([3, 4]);
    const contents = async (workers: number, seed: number) => {
      const sampler = sequentialSampler(folder.length);
      const loader = createLoader({ folder, transform, sampler, batchSize: 4, workers, seed });
      const images: number[][] = [];
      for await (const { images: pixels, color, size, release } of loader.epoch(0)) {
        expect(color[0]).toBe(3);
        for (let i = 0; i < size; i++) images.push([...pixels.subarray(i * 36, (i + 1) * 36)]);
        release();
      }
      return images;
    };
    const found = await contents(1, 5);
    expect(found.map((pixels) => pixels[1])).toEqual(Array.from({ length: IMAGES }, (_, i) => 10 * i));
    expect(new Set(found.map((pixels) => pixels[0])).size).toBeGreaterThan(1);
    expect(await contents(2, 5)).toEqual(found);
    expect(await contents(2, 6)).not.toEqual(found);
  });

  it('supports images with label maps', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { 'images/a.png': grayPng(3), 'labels/a.png': grayPng(2) });
    const folder = await SegmentationFolder.open(root);
    const own = await moduleOf(`export default () => ({
      width: 2,
      height: 2,
      applyLabeled(picture, labels, random, pixels, color, targets) {
        targets.fill(labels.data[0]);
        return 4;
      },
    });`);
    const transform = await moduleSegmentationTransform({ module: own });
    const loader = createLoader({ folder, transform, sampler: sequentialSampler(1), batchSize: 1 });
    for await (const { targets, labeled, release } of loader.epoch(0)) {
      expect([[...(targets ?? [])], [...(labeled ?? [])]]).toEqual([[2, 2, 2, 2], [4]]);
      release();
    }
    await expect(moduleTransform({ module: own })).rejects.toThrow('applyLabeled instead of apply');
  });

  it('that throws ends the epoch with its error', async () => {
    const folder = await grays();
    const transform = await moduleTransform({ module, options: { fail: true } });
    const loader = createLoader({ folder, transform, sampler: sequentialSampler(IMAGES), batchSize: 4 });
    await expect(loader.epoch(0).next()).rejects.toThrow('the transform is at fault');
  });

  it.each([
    ['export default 3;', 'no function as its default export'],
    ['export default () => null;', 'does not make a transform: expected an object'],
    ['export default () => ({ apply() {} });', 'it has no width and height'],
    ['export default () => ({ width: 0, height: 2, apply() {} });', 'for width but received 0'],
    ['export default () => ({ width: 2, height: 2 });', 'it has neither apply nor applyLabeled'],
    ['throw new Error("out of order");', 'cannot be imported: out of order.'],
  ])('is rejected at once if the module is %j', async (code, message) => {
    await expect(moduleTransform({ module: await moduleOf(code) })).rejects.toThrow(message);
  });

  it('accepts only options that can be cloned', async () => {
    await expect(moduleTransform({ module, options: { side: () => 3 } })).rejects.toThrow(
      'cannot be copied to a thread',
    );
    await expect(moduleTransform({ module: new URL('file:///none.mjs') })).rejects.toThrow(
      'cannot be imported',
    );
  });
});
