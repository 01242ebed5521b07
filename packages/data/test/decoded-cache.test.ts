import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CacheFolder, openCacheFolder } from '../src/cache-folder.js';
import { CacheMemory, makeCacheMemory, usableMemory } from '../src/cache-memory.js';
import type { Cache, DecodedCache } from '../src/decoded-cache.js';
import { ImageFolder } from '../src/image-folder.js';
import { Jpeg } from '../src/jpeg/jpeg.js';
import { createLoader } from '../src/loader.js';
import { usePictureOf } from '../src/reader.js';
import { shuffledSampler } from '../src/sampler.js';
import { trainTransform } from '../src/transform.js';
import { grayPng, makeImage, temporaryFolder, writeFiles } from './images.js';

const keyOf = (value: number) => Buffer.alloc(32, value);
const imageOf = (value: number, width = 7) =>
  makeImage(width, 5, 3, (x, y, c) => (x + y * 3 + c + value) % 256);

function threadOf({ spec }: Cache): DecodedCache {
  return spec.kind === 'ram' ? new CacheMemory(spec) : new CacheFolder(spec);
}

/** JPEGs in color and gray, of odd sizes, baseline and progressive, and a small PNG, which is not cached. */
async function photographs(): Promise<ImageFolder> {
  const root = await temporaryFolder();
  const files: Record<string, Uint8Array> = { 'b/small.png': grayPng(3) };
  for (const [index, options] of [{}, { progressive: true }, { chromaSubsampling: '4:4:4' }, {}].entries()) {
    const { data, width, height, channels } = makeImage(
      151,
      93 + index,
      index === 3 ? 1 : 3,
      (x, y, c) => x * y + c,
    );
    const raw = sharp(data, { raw: { width, height, channels } });
    const image = index === 3 ? raw.toColourspace('b-w') : raw;
    files[`a/${index}.jpg`] = await image.jpeg(options).toBuffer();
  }
  await writeFiles(root, files);
  return ImageFolder.open(root);
}

async function epochs(folder: ImageFolder, cache?: Cache): Promise<string[]> {
  const transform = trainTransform({ crop: 32, colorJitter: true });
  const sampler = shuffledSampler(folder.length, 0);
  const loader = createLoader({ folder, transform, sampler, batchSize: 2, workers: 2, cache });
  const found: string[] = [];
  for (const epoch of [0, 1]) {
    for await (const { images, color, labels, size, release } of loader.epoch(epoch)) {
      const pixels = Buffer.from(images.subarray(0, size * 32 * 32 * 3)).toString('base64');
      found.push([pixels, color.subarray(0, 12 * size), labels].join());
      release();
    }
  }
  return found;
}

const kinds: readonly (readonly [string, (limit: number, sharing?: number) => Promise<Cache>])[] = [
  ['in memory', async (limit, sharing) => makeCacheMemory(limit, sharing)],
  [
    'in a folder',
    async (limit, sharing) => openCacheFolder(join(await temporaryFolder(), 'cache'), limit, sharing),
  ],
];

describe.each(kinds)('a cache of decoded images %s', (_, open) => {
  it('gives the same batches as the files', async () => {
    const folder = await photographs();
    const cache = await open(1e6);
    expect(await epochs(folder, cache)).toEqual(await epochs(folder));
    expect(cache.size().images).toBe(4);
    expect(cache.size().bytes).toBeGreaterThan(4 * 93 * 151);
  });

  it('returns to any thread what another has stored', async () => {
    const cache = await open(1e6);
    const [one, other] = [threadOf(cache), threadOf(cache)];
    expect(one.get(keyOf(1))).toBeUndefined();
    one.put(keyOf(1), imageOf(1));
    other.put(keyOf(2), imageOf(2, 300));
    for (const thread of [one, other, threadOf(cache)]) {
      expect(thread.get(keyOf(1))).toEqual(imageOf(1));
      expect(thread.get(keyOf(2))).toEqual(imageOf(2, 300));
      expect(thread.get(keyOf(3))).toBeUndefined();
    }
    expect(cache.size().images).toBe(2);
  });

  it('stays within its limit, which is divided between processes', async () => {
    for (const sharing of [1, 3]) {
      const cache = await open(3000 * sharing, sharing);
      const thread = threadOf(cache);
      for (let value = 1; value < 60; value++) thread.put(keyOf(value), imageOf(value));
      const { images, bytes } = cache.size();
      expect(images).toBeGreaterThanOrEqual(20);
      expect(bytes).toBeLessThanOrEqual(3000);
      expect(thread.get(keyOf(1))).toEqual(imageOf(1));
      expect(thread.get(keyOf(59))).toBeUndefined();
    }
  });
});

describe.each(kinds)('a full cache %s', (_, open) => {
  it('lets a JPEG be decoded only as far as it is needed', async () => {
    const { data, width, height, channels } = makeImage(64, 48, 3, (x, y, c) => x * y + c);
    const content = await sharp(data, { raw: { width, height, channels } }).jpeg().toBuffer();
    const decodesAll = async (limit: number) => {
      const cache = threadOf(await open(limit));
      return usePictureOf(content, 'a.jpg', (picture) => !(picture instanceof Jpeg), { cache });
    };
    expect(await decodesAll(1e6)).toBe(true);
    expect(await decodesAll(64 * 48 * 3)).toBe(false);
  });
});

describe('memory for decoded images', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['of a container', 8e6, 8e6],
    ['that is not set', 0, totalmem()],
    ['above the physical memory', 1.8e19, totalmem()],
  ])('respects a process limit %s', (_, constrained, expected) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(constrained);
    expect(usableMemory()).toBe(expected);
  });

  it('is a quarter of what the process may use', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(8e6);
    expect(makeCacheMemory().limit).toBe(2e6);
  });
});

describe('a folder of decoded images', () => {
  it('serves later runs, and reports its size', async () => {
    const path = await temporaryFolder();
    threadOf(await openCacheFolder(path, 1e6)).put(keyOf(5), imageOf(5));
    const later = await openCacheFolder(path, 1e6);
    expect(later.size()).toEqual({ images: 1, bytes: 7 * 5 * 3 + 12 });
    expect(threadOf(later).get(keyOf(5))).toEqual(imageOf(5));
  });

  it('ignores truncated files and leaves no partial ones', async () => {
    const path = await temporaryFolder();
    const thread = threadOf(await openCacheFolder(path, 1e6));
    thread.put(keyOf(5), imageOf(5));
    const names = await readdir(path, { recursive: true });
    const [file = '', ...others] = names.filter((name) => name.includes('.rgb'));
    expect(others).toEqual([]);
    const content = await readFile(join(path, file));
    await writeFile(join(path, file), content.subarray(0, 50));
    expect(thread.get(keyOf(5))).toBeUndefined();
    await writeFile(join(path, file), '');
    expect(thread.get(keyOf(5))).toBeUndefined();
  });

  it('tolerates foreign files, even in place of a folder', async () => {
    const path = await temporaryFolder();
    const { spec } = await openCacheFolder(path, 1e6);
    const folder = spec.kind === 'folder' ? spec.path : '';
    await writeFile(join(folder, '.DS_Store'), '');
    await writeFile(join(folder, '05'), '');
    const cache = await openCacheFolder(path, 1e6);
    threadOf(cache).put(keyOf(5), imageOf(5));
    expect(cache.size()).toEqual({ images: 0, bytes: 0 });
    threadOf(cache).put(keyOf(6), imageOf(6));
    expect(cache.size().images).toBe(1);
  });

  it('deletes partial files of killed runs after an hour', async () => {
    const path = await temporaryFolder();
    const { spec } = await openCacheFolder(path, 1e6);
    const folder = join(spec.kind === 'folder' ? spec.path : '', '05');
    await mkdir(folder);
    const [old, recent] = ['aa.rgb.12-0-3', 'bb.rgb.12-1-0'];
    for (const name of [old, recent]) await writeFile(join(folder, name), '');
    const before = Date.now() / 1000 - 4000;
    await utimes(join(folder, old), before, before);
    await openCacheFolder(path, 1e6);
    expect(await readdir(folder)).toEqual([recent]);
  });

  it('is separate for each version of sharp', async () => {
    const path = await temporaryFolder();
    await openCacheFolder(path, 1e6);
    expect(await readdir(path)).toEqual([`v1-sharp-${sharp.versions.sharp}`]);
  });

  it('reports that it cannot be created', async () => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, '');
    await expect(openCacheFolder(path)).rejects.toThrow(`Cannot use the folder ${path} as a cache: `);
  });
});
