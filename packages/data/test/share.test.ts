import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageFolder } from '../src/image-folder.js';
import { type Batch, createLoader, type LoaderOptions } from '../src/loader.js';
import { shuffledSampler } from '../src/sampler.js';
import { shareOf } from '../src/share.js';
import { trainTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

const transform = trainTransform({ crop: 4, colorJitter: true });

describe('shareOf', () => {
  it('divides without gaps or overlap, evenly to within one', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 40 }), (total, size) => {
        let end = 0;
        for (let rank = 0; rank < size; rank++) {
          const share = shareOf(total, { rank, size });
          expect(share.begin).toBe(end);
          end = share.end;
          const count = share.end - share.begin;
          expect(count === Math.floor(total / size) || count === Math.ceil(total / size)).toBe(true);
        }
        expect(end).toBe(total);
      }),
    );
  });

  it.each([
    [2, 2],
    [-1, 2],
    [0, 0],
    [0.5, 2],
  ])('rejects process %d of %d', (rank, size) => {
    expect(() => shareOf(4, { rank, size })).toThrow(`process ${rank} of ${size}`);
  });
});

/** Index, colors and pixels of each image of each batch. */
async function rowsOf(options: LoaderOptions, startBatch: number): Promise<string[][]> {
  const batches: string[][] = [];
  for await (const batch of createLoader(options).epoch(2, { startBatch })) {
    batches.push(Array.from({ length: batch.size }, (_, row) => rowOf(batch, row)));
    batch.release();
  }
  return batches;
}

function rowOf({ images, color, indices, labels }: Batch, row: number): string {
  const pixels = images.subarray(row * 48, (row + 1) * 48);
  return [indices[row], labels[row], ...color.subarray(row * 12, (row + 1) * 12), ...pixels].join();
}

async function folderOf(count: number, unreadable: readonly number[]): Promise<ImageFolder> {
  const root = await temporaryFolder();
  const files = Array.from({ length: count }, (_, i) => {
    return [`a/${String(i).padStart(3, '0')}.png`, unreadable.includes(i) ? 'no image' : grayPng(i)] as const;
  });
  await writeFiles(root, Object.fromEntries(files));
  return ImageFolder.open(root);
}

describe('a loader of one process among several', () => {
  it('delivers, together with the others, the batches of a single process', async () => {
    const folder = await folderOf(23, [5, 6, 17]);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          batchSize: fc.integer({ min: 1, max: 12 }),
          size: fc.integer({ min: 1, max: 5 }),
          startBatch: fc.nat(1),
          dropLast: fc.boolean(),
        }),
        async ({ batchSize, size, startBatch, dropLast }) => {
          const sampler = shuffledSampler(folder.length, 7);
          const onBadImage = { skip: 10 };
          const common = { folder, transform, sampler, batchSize, dropLast, seed: 7, onBadImage };
          const whole = await rowsOf(common, startBatch);
          const shares = await Promise.all(
            Array.from({ length: size }, (_, rank) =>
              rowsOf({ ...common, share: { rank, size } }, startBatch),
            ),
          );
          for (const share of shares) expect(share).toHaveLength(whole.length);
          whole.forEach((batch, number) => {
            expect(shares.flatMap((share) => share[number] ?? [])).toEqual(batch);
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});
