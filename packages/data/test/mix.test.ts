import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageFolder } from '../src/image-folder.js';
import { type Batch, createLoader, type LoaderOptions } from '../src/loader.js';
import { cutOut, drawMix, type MixDraw, mixes, mixing } from '../src/mix.js';
import { Random, Stream } from '../src/random.js';
import { shuffledSampler } from '../src/sampler.js';
import { trainTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';

interface Mixed {
  readonly lambda: number;
  readonly images: readonly number[];
  readonly labels: readonly (readonly number[])[];
}

interface Fixture {
  readonly shape: readonly [batch: number, channels: number, height: number, width: number];
  readonly labels: readonly number[];
  readonly mixup: readonly Mixed[];
  readonly cutmix: readonly (Mixed & { readonly x: number; readonly y: number })[];
  readonly levels: readonly number[];
  readonly beta: readonly { readonly alpha: number; readonly quantiles: readonly number[] }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('fixtures/mix.json', import.meta.url), 'utf8'));
const [BATCH, CHANNELS, HEIGHT, WIDTH] = fixture.shape;
const SIZE = { width: WIDTH, height: HEIGHT };

/** Applies a draw to the fixture's batch of counting values, mixing each image with the one before it. */
function apply({ lambda, box: [top, left, bottom, right] }: MixDraw): Pick<Mixed, 'images' | 'labels'> {
  const length = CHANNELS * HEIGHT * WIDTH;
  const previous = (i: number) => (i + BATCH - 1) % BATCH;
  const images = Array.from({ length: BATCH * length }, (_, at) => {
    const [image, inside] = [Math.floor(at / length), at % length];
    const other = previous(image) * length + inside;
    const [y, x] = [Math.floor(inside / WIDTH) % HEIGHT, inside % WIDTH];
    if (bottom === top) return lambda * at + (1 - lambda) * other;
    return y >= top && y < bottom && x >= left && x < right ? other : at;
  });
  const labels = fixture.labels.map((label, i) => {
    const row = [0, 0, 0, 0];
    for (const [of, share] of [
      [label, lambda],
      [fixture.labels[previous(i)] ?? 0, 1 - lambda],
    ] as const) {
      row[of] = (row[of] ?? 0) + share;
    }
    return row;
  });
  return { images, labels };
}

function expectSame(draw: MixDraw, expected: Mixed): void {
  const { images, labels } = apply(draw);
  images.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.images[i] ?? Number.NaN, 3);
  });
  labels.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(expected.labels.flat()[i] ?? Number.NaN, 6);
  });
}

describe('a mixed batch', () => {
  it.each(fixture.mixup)("has torchvision's pixels and labels with mixup of λ = $lambda", (expected) => {
    expectSame({ lambda: expected.lambda, box: [0, 0, 0, 0] }, expected);
  });

  it.each(fixture.cutmix)(
    "has torchvision's pixels and labels with cutmix of λ = $lambda around ($x, $y)",
    (expected) => {
      expectSame(cutOut(expected.lambda, expected, SIZE), expected);
    },
  );
});

/** Draws of many batches. */
function draws(options: Parameters<typeof drawMix>[0], count = 20_000): MixDraw[] {
  return Array.from({ length: count }, (_, i) =>
    drawMix(options, new Random(3, Stream.mixing, 0, i), { width: 64, height: 48 }),
  );
}

const isCut = ({ box }: MixDraw) => box[2] > box[0];

describe('drawMix', () => {
  it.each(fixture.beta)("draws λ from torch's Beta($alpha, $alpha)", ({ alpha, quantiles }) => {
    const lambdas = draws({ mixup: alpha }).map(({ lambda }) => lambda);
    quantiles.forEach((quantile, i) => {
      const below = lambdas.filter((lambda) => lambda <= quantile).length / lambdas.length;
      // The Kolmogorov–Smirnov distance stays below this in 999 of 1000 runs.
      expect(Math.abs(below - (fixture.levels[i] ?? 0))).toBeLessThan(
        1.95 * Math.sqrt(1 / 20_000 + 1 / 200_000),
      );
    });
  });

  it('draws λ from 0 to 1 for very small α', () => {
    for (const { lambda } of draws({ mixup: 1e-3 }, 1000)) expect(lambda >= 0 && lambda <= 1).toBe(true);
  });

  it('mixes batches and chooses cutmix with the given probabilities', () => {
    const share = (all: readonly MixDraw[], which: (draw: MixDraw) => boolean) =>
      all.filter(which).length / all.length;
    const half = draws({ mixup: 1, cutmix: 1, probability: 0.5 }, 4000);
    expect(share(half, ({ lambda }) => lambda < 1)).toBeCloseTo(0.5, 1);
    const both = draws({ mixup: 0.5, cutmix: 1, switchProbability: 0.8 }, 4000);
    expect(share(both, isCut)).toBeCloseTo(0.8, 1);
    expect(draws({ mixup: 1 }, 100).some(isCut)).toBe(false);
    expect(draws({ cutmix: 1 }, 100).every((draw) => isCut(draw) || draw.lambda === 1)).toBe(true);
  });

  it('gives cutmix the λ of the uncut area', () => {
    for (const { lambda, box } of draws({ cutmix: 1 }, 500)) {
      const area = (box[2] - box[0]) * (box[3] - box[1]);
      expect(lambda).toBeCloseTo(1 - area / (64 * 48), 12);
    }
  });

  it.each([
    ['mixup', -1],
    ['cutmix', Number.NaN],
    ['probability', 1.5],
    ['switchProbability', -0.1],
  ])('refuses %s of %d', (name, value) => {
    expect(() => mixes({ mixup: 1, [name]: value })).toThrow(`for ${name} but received ${value}`);
  });
});

/** For each row of each batch, its pair: draw, indices, labels, pixels and colors. */
async function pairs(options: LoaderOptions, startBatch = 0): Promise<string[][]> {
  const batches: string[][] = [];
  for await (const batch of createLoader(options).epoch(2, { startBatch })) {
    batches.push(Array.from({ length: batch.size }, (_, row) => pairOf(batch, row)));
    batch.release();
  }
  return batches;
}

function pairOf({ images, color, indices, labels, mix }: Batch, row: number): string {
  if (!mix) return 'not mixed';
  const other = mix.partners[row] ?? Number.NaN;
  const seen = [row, other].flatMap((at) => [
    indices[at],
    labels[at],
    ...images.subarray(48 * at, 48 * (at + 1)),
    ...color.subarray(12 * at, 12 * (at + 1)),
  ]);
  return [mix.lambda[row], ...mix.boxes.subarray(4 * row, 4 * row + 4), ...seen].join();
}

describe('mixing', () => {
  it.each([{}, { mixup: 0 }, { mixup: 0, cutmix: 0 }, { mixup: 1, probability: 0 }])(
    'mixes nothing with the options %j',
    (options) => {
      const at = { seed: 5, epoch: 0, width: 64, height: 48 };
      for (let batch = 0; batch < 4; batch++) {
        expect(mixing(options).draw({ ...at, batch })).toEqual({ lambda: 1, box: [0, 0, 0, 0] });
      }
    },
  );
});

describe('a loader that mixes', () => {
  const transform = trainTransform({
    crop: 4,
    trivialAugment: true,
    colorJitter: true,
    randomErasing: { probability: 0.5, mode: 'pixel' },
  });

  async function folderOf(count: number, unreadable: readonly number[] = []): Promise<ImageFolder> {
    const root = await temporaryFolder();
    const files = Array.from({ length: count }, (_, i) => {
      const content = unreadable.includes(i) ? 'no image' : grayPng(i);
      return [`${i < 9 ? 'a' : 'b'}/${String(i).padStart(3, '0')}.png`, content] as const;
    });
    await writeFiles(root, Object.fromEntries(files));
    return ImageFolder.open(root);
  }

  it('pairs each image with the one before it, the first with the last', async () => {
    const folder = await folderOf(10);
    const sampler = shuffledSampler(folder.length, 7);
    const options = { mixup: 1, cutmix: 1 };
    const loader = createLoader({ folder, transform, sampler, batchSize: 4, seed: 5, mix: options });
    const seen: number[][] = [];
    for await (const { mix, size, number, release } of loader.epoch(3)) {
      seen.push([...(mix?.partners ?? [])].slice(0, size));
      // The draw of a session.
      const at = { seed: 5, epoch: 3, batch: number, width: 4, height: 4 };
      const { lambda, box } = mixing(options).draw(at);
      expect(lambda).toBeLessThan(1);
      expect(new Set(mix?.lambda.subarray(0, size))).toEqual(new Set([Math.fround(lambda)]));
      expect([...(mix?.boxes ?? [])].slice(0, 4)).toEqual([...box]);
      release();
    }
    expect(seen).toEqual([
      [3, 0, 1, 2],
      [3, 0, 1, 2],
      [1, 0],
    ]);
  });

  it('mixes images identically with any number of processes and threads, from any batch on', async () => {
    const folder = await folderOf(23, [5, 6, 17]);
    const arbitrary = fc.record({
      batchSize: fc.integer({ min: 1, max: 12 }),
      size: fc.integer({ min: 1, max: 5 }),
      startBatch: fc.nat(1),
      dropLast: fc.boolean(),
      workers: fc.integer({ min: 1, max: 2 }),
      mix: fc.constantFrom({ mixup: 0.2 }, { cutmix: 1 }, { mixup: 0.2, cutmix: 1, probability: 0.7 }),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ size, startBatch, workers, ...drawn }) => {
        const sampler = shuffledSampler(folder.length, 7);
        const common = { folder, transform, sampler, seed: 7, onBadImage: { skip: 10 }, ...drawn };
        const whole = (await pairs({ ...common, workers: 1 })).slice(startBatch);
        const shares = await Promise.all(
          Array.from({ length: size }, (_, rank) =>
            pairs({ ...common, workers, share: { rank, size } }, startBatch),
          ),
        );
        whole.forEach((batch, number) => {
          expect(shares.flatMap((share) => share[number] ?? [])).toEqual(batch);
        });
      }),
      { numRuns: 8 },
    );
  });

  it('delivers the same images as a loader that does not mix, and no pairs if both alphas are 0', async () => {
    const folder = await folderOf(6);
    const common = { folder, transform, sampler: shuffledSampler(6, 1), batchSize: 3 };
    const read = async (options: LoaderOptions) => {
      const found: number[][] = [];
      for await (const { images, color, mix, release } of createLoader(options).epoch(0)) {
        found.push([...images, ...color, mix ? 1 : 0]);
        release();
      }
      return found;
    };
    const plain = await read(common);
    expect(await read({ ...common, mix: { mixup: 0, cutmix: 0 } })).toEqual(plain);
    expect((await read({ ...common, mix: { mixup: 1 } })).map((row) => row.slice(0, -1))).toEqual(
      plain.map((row) => row.slice(0, -1)),
    );
  });
});
