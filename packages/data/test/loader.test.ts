import { mkdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError, ImageError } from '../src/errors.js';
import { ImageFolder } from '../src/image-folder.js';
import { type Batch, createLoader, type EpochOptions, type LoaderOptions } from '../src/loader.js';
import { sequentialSampler, shuffledSampler } from '../src/sampler.js';
import { evalTransform, trainTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const IMAGES = 23;

/** A folder of two classes in which image i is uniform gray i, except for unreadable ones. */
async function grays(unreadable: readonly number[] = []): Promise<ImageFolder> {
  const root = await temporaryFolder();
  const files: Record<string, Uint8Array | string> = {};
  for (let i = 0; i < IMAGES; i++) {
    const name = `${i < 9 ? 'a' : 'b'}/${String(i).padStart(3, '0')}.png`;
    files[name] = unreadable.includes(i) ? 'not an image' : grayPng(i);
  }
  await writeFiles(root, files);
  return ImageFolder.open(root);
}

const plain = evalTransform({ crop: 8, scale: -1 });
const augmented = trainTransform({ crop: 8, colorJitter: true, lighting: true });

function loaderOf(folder: ImageFolder, options: Partial<LoaderOptions> = {}) {
  const sampler = sequentialSampler(folder.length);
  return createLoader({ folder, transform: plain, sampler, batchSize: 5, ...options });
}

/** A copy of the used part of a batch. */
const contentOf = ({ images, color, labels, indices, size, number }: Batch) => ({
  number,
  images: [...images.subarray(0, size * 8 * 8 * 3)],
  color: [...color.subarray(0, size * 12)],
  labels: [...labels.subarray(0, size)],
  indices: [...indices.subarray(0, size)],
});

async function contents(loader: ReturnType<typeof loaderOf>, epoch = 0, options?: EpochOptions) {
  const batches = [];
  for await (const batch of loader.epoch(epoch, options)) {
    batches.push(contentOf(batch));
    batch.release();
  }
  return batches;
}

describe('createLoader', () => {
  it('loads every image once, in order, with its label', async () => {
    const loader = loaderOf(await grays());
    const batches = await contents(loader);
    expect(loader.batches).toBe(5);
    expect(batches.map((batch) => batch.number)).toEqual([0, 1, 2, 3, 4]);
    const indices = batches.flatMap((batch) => batch.indices);
    expect(indices).toEqual(Array.from({ length: IMAGES }, (_, i) => i));
    expect(batches.flatMap((batch) => batch.labels)).toEqual(indices.map((i) => (i < 9 ? 0 : 1)));
    expect(batches.flatMap((batch) => batch.images.filter((_, i) => i % 192 === 0))).toEqual(indices);
  });

  it('loads files whose names are not UTF-8', async () => {
    const root = await temporaryFolder();
    const folder = Buffer.from(`${root}/stra\xdfe`, 'latin1');
    await mkdir(folder);
    await writeFile(Buffer.concat([folder, Buffer.from('/gr\xfcn.png', 'latin1')]), grayPng(77));
    const [batch] = await contents(loaderOf(await ImageFolder.open(root)));
    expect(new Set(batch?.images)).toEqual(new Set([77]));
  });

  it('marks the unused rows of a smaller last batch', async () => {
    const loader = loaderOf(await grays(), { slots: 1 });
    let last: number[][] = [];
    for await (const batch of loader.epoch(0)) {
      last = [[batch.size], [...batch.labels], [...batch.indices], [batch.images.length]];
      batch.release();
    }
    expect(last).toEqual([[3], [1, 1, 1, -1, -1], [20, 21, 22, -1, -1], [5 * 192]]);
  });

  it('drops an incomplete last batch on request', async () => {
    const loader = loaderOf(await grays(), { dropLast: true });
    expect(loader.batches).toBe(4);
    expect((await contents(loader)).map((batch) => batch.indices.length)).toEqual([5, 5, 5, 5]);
  });

  it('gives the same data with any worker count and ring size, even with unreadable images', async () => {
    const folder = await grays([3, 4, 17, 22]);
    const options = { transform: augmented, sampler: shuffledSampler(folder.length, 11), seed: 11 };
    const onBadImage = { skip: 4 };
    const reference = await contents(loaderOf(folder, { ...options, onBadImage, workers: 1 }), 2);
    for (const [workers, slots] of [
      [2, 3],
      [4, 2],
      [3, 1],
    ]) {
      const loader = loaderOf(folder, { ...options, onBadImage, workers, slots });
      expect(await contents(loader, 2)).toEqual(reference);
    }
  });

  it('resumes in the middle of an epoch with the same data', async () => {
    const folder = await grays();
    const options = { transform: augmented, sampler: shuffledSampler(folder.length, 5), seed: 5 };
    const whole = await contents(loaderOf(folder, options), 1);
    const loader = loaderOf(folder, options);
    expect(await contents(loader, 1, { startBatch: 3 })).toEqual(whole.slice(3));
    expect(await contents(loader, 1, { startBatch: 5 })).toEqual([]);
    expect(await contents(loader, 2)).not.toEqual(whole);
    await expect(contents(loader, 1, { startBatch: 6 })).rejects.toThrow('for startBatch but received 6');
  });

  it('reuses its arrays', async () => {
    const loader = loaderOf(await grays(), { slots: 2 });
    const seen = new Set<Uint8Array>();
    for (const epoch of [0, 1]) {
      for await (const batch of loader.epoch(epoch)) {
        seen.add(batch.images);
        batch.release();
        batch.release();
      }
    }
    expect(seen.size).toBe(2);
  });

  it('does not overwrite a batch in use', async () => {
    const loader = loaderOf(await grays(), { slots: 3, workers: 4 });
    const batches = loader.epoch(0);
    const first = (await batches.next()).value;
    if (!first) throw new Error('expected a batch');
    const before = contentOf(first);
    const others = [];
    for await (const batch of batches) {
      others.push(batch.number);
      batch.release();
    }
    expect(others).toEqual([1, 2, 3, 4]);
    expect(contentOf(first)).toEqual(before);
  });

  it('reports a consumer that holds every batch and requests another', async () => {
    const batches = loaderOf(await grays(), { slots: 2 }).epoch(0);
    await batches.next();
    await batches.next();
    await expect(batches.next()).rejects.toThrow('All 2 batches of the ring are held: release() one');
  });

  it('can end early and start over', async () => {
    const loader = loaderOf(await grays(), { workers: 3 });
    for await (const batch of loader.epoch(0)) {
      batch.release();
      break;
    }
    expect(await contents(loader)).toHaveLength(5);
  });

  it('does not keep the process alive, even with idle threads', async () => {
    const held = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = held();
    const folder = await grays();
    await contents(loaderOf(folder, { batchSize: IMAGES, workers: 9 }));
    expect(held()).toBe(before);
  });

  it('rejects a second epoch while one is in progress', async () => {
    const loader = loaderOf(await grays());
    const running = loader.epoch(0);
    await running.next();
    await expect(loader.epoch(1).next()).rejects.toThrow('An epoch of this loader is under way');
    await running.return();
  });

  it('ends with the reason of an abort signal, before, while waiting and between batches', async () => {
    const loader = loaderOf(await grays());
    const reason = new Error('stopped by the user');
    await expect(contents(loader, 0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const waiting = new AbortController();
    const first = loader.epoch(0, { signal: waiting.signal }).next();
    waiting.abort(reason);
    await expect(first).rejects.toBe(reason);

    const between = new AbortController();
    const batches = loader.epoch(0, { signal: between.signal });
    (await batches.next()).value?.release();
    between.abort(reason);
    await expect(batches.next()).rejects.toBe(reason);
    expect(await contents(loader)).toHaveLength(5);
  });

  it.each([
    [{ batchSize: 0 }, 'for batchSize but received 0'],
    [{ workers: 1.5 }, 'for workers but received 1.5'],
    [{ slots: -1 }, 'for slots but received -1'],
    [{ seed: -1 }, 'for seed but received -1'],
    [{ batchSize: 24, dropLast: true }, 'The batch size 24 is larger than the data set, which has 23 images'],
    [{ sampler: sequentialSampler(0) }, 'The data set is empty'],
  ])('refuses %o', async (options, message) => {
    const folder = await grays();
    expect(() => loaderOf(folder, options)).toThrow(message);
  });
});

describe('unreadable images', () => {
  it('fail by name at their batch, after the batches before it', async () => {
    const folder = await grays([12]);
    const loader = loaderOf(folder, { workers: 4 });
    const numbers: number[] = [];
    const run = async () => {
      for await (const batch of loader.epoch(0)) {
        numbers.push(batch.number);
        batch.release();
      }
    };
    const error = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({ path: folder.path(12) });
    expect(numbers).toEqual([0, 1]);
  });

  it('are left out on request, even if no image can be read', async () => {
    const loader = loaderOf(await grays([3, 4, 22]), { onBadImage: 'leave out' });
    const indices = (await contents(loader)).flatMap((batch) => batch.indices);
    expect(indices).toEqual(Array.from({ length: IMAGES }, (_, i) => ([3, 4, 22].includes(i) ? -1 : i)));
    expect(loader.skipped.map(({ index }) => index).sort((a, b) => a - b)).toEqual([3, 4, 22]);
    const none = loaderOf(await grays(Array.from({ length: IMAGES }, (_, i) => i)), {
      onBadImage: 'leave out',
    });
    for (const { labels } of await contents(none)) expect(new Set(labels)).toEqual(new Set([-1]));
    expect(none.skipped).toHaveLength(IMAGES);
  });

  it('are replaced by the next readable image and counted once', async () => {
    const folder = await grays([3, 4, 22]);
    const loader = loaderOf(folder, { onBadImage: { skip: 3 } });
    for (const epoch of [0, 1]) {
      const batches = await contents(loader, epoch);
      const indices = batches.flatMap((batch) => batch.indices);
      expect(indices).toEqual([0, 1, 2, 5, 5, 5, ...Array.from({ length: 16 }, (_, i) => i + 6), 0]);
      expect(batches.at(-1)?.labels).toEqual([1, 1, 0]);
    }
    expect(loader.skipped.map(({ index }) => index).sort((a, b) => a - b)).toEqual([3, 4, 22]);
    // Workers may find them in any order.
    const third = loader.skipped.find(({ index }) => index === 3);
    expect(third?.path).toBe(folder.path(3));
    expect(third?.reason).not.toBe('');
  });

  it('include those with too many pixels', async () => {
    const folder = await grays();
    const error = await contents(loaderOf(folder, { maxPixels: 63 })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ path: folder.path(0), code: 'too-large' });
    const large = { width: 4200, height: 4000, channels: 3, background: 'red' } as const;
    await writeFile(folder.path(0), await sharp({ create: large }).png({ compressionLevel: 1 }).toBuffer());
    const byDefault = await contents(loaderOf(folder)).catch((reason: unknown) => reason);
    expect(String(byDefault)).toContain(
      'it has 4200×4000 pixels, more than maxPixels, 16777216: make it smaller',
    );
    for (const maxPixels of [0, 0.5, 2 ** 29]) {
      expect(() => loaderOf(folder, { maxPixels })).toThrow('for maxPixels but received');
    }
  });

  it('of other processes count once each', async () => {
    const loader = loaderOf(await grays([3]), { onBadImage: { skip: 2 } });
    await contents(loader);
    const others = [3, 4, 5].map((index) => ({ index, path: `${index}.png`, reason: 'torn' }));
    loader.exclude(others.slice(0, 2));
    expect(loader.skipped.map(({ index }) => index)).toEqual([3, 4]);
    expect(() => loader.exclude(others)).toThrow('3 unreadable images, but at most 2 may be skipped');
  });

  it('stop the epoch above the limit', async () => {
    const loader = loaderOf(await grays([3, 10, 11]), { onBadImage: { skip: 2 } });
    const error = await contents(loader).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toContain('3 unreadable images, but at most 2 may be skipped; the last is');
  });
});
