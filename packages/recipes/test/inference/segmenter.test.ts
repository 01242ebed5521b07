/**
 * Segmentation of whole images: Prediction fusion as in PyTorch, memory budgets, images of any size.
 */
import { cpu, type FusionMode, fusePredictions, type Graph, programOf, trace } from '@inplace-abn/core';
import { type Rgb, roundHalfEven, type Size } from '@inplace-abn/data';
import { Conv2d } from '@inplace-abn/nn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../core/test/support/fixtures.js';
import { bytes, normal, parameter } from '../../../core/test/support/prng.js';
import { mirrored, viewsOf } from '../../src/inference/scales.js';
import {
  type Photograph,
  type Segmentation,
  Segmenter,
  type SegmenterOptions,
} from '../../src/inference/segmenter.js';
import { segmentationNetworkOf } from '../../src/segmentation/network.js';
import { segmentationConfigOf } from '../support/label-maps.js';
import { weightsOf } from '../support/snapshots.js';

interface Result {
  mode: FusionMode;
  flip: boolean;
  labels: string[];
  probabilities: number[];
}

const { fused, predicted } = readJson<{
  fused: {
    size: [number, number];
    logits: { normal: string; std: number; shape: [number, number, number, number]; mirrored: boolean }[];
    results: Result[];
  };
  predicted: {
    classes: number;
    image: { bytes: string; shape: [number, number, number]; mean: Rgb; std: Rgb };
    conv: { stride: number; padding: number };
    scales: number[];
    sizes: [number, number][];
    results: Result[];
  };
}>(new URL('../fixtures/fusion.json', import.meta.url));

const TOLERANCE = 1e-5;

function expectClose(actual: Float32Array, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const errors = Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  expect(Math.max(...errors)).toBeLessThanOrEqual(TOLERANCE);
}

function expectResult({ label, probability }: Pick<Segmentation, 'label' | 'probability'>, result: Result) {
  expect([...label].join('')).toBe(result.labels.join(''));
  expectClose(probability, result.probabilities);
}

/** Converts N×C×H×W to the device's layout, N×H×W×C. */
function channelsLast(
  data: Float32Array,
  [n, c, h, w]: readonly [number, number, number, number],
): Float32Array {
  return Float32Array.from({ length: n * c * h * w }, (_, i) => {
    const [image, pixel] = [Math.floor(i / (c * h * w)), Math.floor(i / c) % (h * w)];
    return data[(image * c + (i % c)) * h * w + pixel] ?? Number.NaN;
  });
}

async function run(
  graph: Graph<{ label: 'uint8'; probability: 'float32' }>,
  inputs: Record<string, Float32Array>,
) {
  return (await programOf(graph).run(inputs)).outputs;
}

describe('fused logits', () => {
  it.each(fused.results)('match PyTorch: $mode, mirror images $flip', async (result) => {
    const used = fused.logits.filter((logits) => result.flip || !logits.mirrored);
    const graph = trace((tracer) =>
      fusePredictions(
        used.map(({ shape }, i) => tracer.input(`logits${i}`, shape, 'float32')),
        { mode: result.mode, size: fused.size, mirrored: used.map((logits) => logits.mirrored) },
      ),
    );
    const inputs = used.map(({ normal: stream, shape, std }, i) => {
      return [`logits${i}`, channelsLast(normal(stream, shape, 0, std), shape)] as const;
    });
    expectResult(await run(graph, Object.fromEntries(inputs)), result);
  });
});

describe('a segmenter', () => {
  const [height, width] = predicted.image.shape;
  const photograph = { width, height, data: bytes(predicted.image.bytes, predicted.image.shape) };

  it.each(predicted.results)(
    'predicts what PyTorch predicts: $mode, mirror images $flip',
    async ({ mode, flip, ...result }) => {
      const { mean, std } = predicted.image;
      const network = new Conv2d(3, predicted.classes, 3, predicted.conv);
      const { scales } = predicted;
      const segmenter = new Segmenter({ device: cpu(), network, mean, std, scales, flip, fusion: mode });
      segmenter.load(
        new Map(
          network.namedStates().map(({ name, shape, dtype }) => {
            return [name, { shape, dtype, data: parameter(`conv.${name}`, shape) }];
          }),
        ),
      );
      expectResult(await segmenter.segment(photograph), { mode, flip, ...result });
    },
  );

  it('predicts at the sizes that Python rounds to', () => {
    const views = viewsOf(photograph, predicted.scales, false);
    expect(views.map((view) => [view.height, view.width])).toEqual(predicted.sizes);
    expect(predicted.sizes[0]).toEqual([8, 12]);
  });
});

const config = segmentationConfigOf();
const weights = weightsOf(config, 3);

type Options = Partial<SegmenterOptions>;

/** A segmenter of a small network with random weights. */
function segmenterOf(options: Options = {}): Segmenter {
  const network = segmentationNetworkOf(config);
  const { mean, std } = config.input;
  const segmenter = new Segmenter({ device: cpu(), network, mean, std, ...options });
  segmenter.load(weights);
  return segmenter;
}

function photographOf(width: number, height: number): Photograph {
  // Squares of one color each, so that neighbors differ.
  const colors = bytes(`${width}×${height}`, [64 * 64 * 3]);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return colors[((y >> 3) * 64 + (x >> 3)) * 3 + (i % 3)] ?? 0;
  });
  return { width, height, data };
}

function expectSame(actual: Segmentation, expected: Segmentation): void {
  const { width, height } = expected;
  expect(actual).toMatchObject({ width, height });
  expect(actual.label.length).toBe(width * height);
  expect(Buffer.compare(actual.label, expected.label)).toBe(0);
  expectClose(actual.probability, expected.probability);
}

describe('a memory budget', () => {
  const size = { width: 97, height: 161 };
  const image = photographOf(size.width, size.height);
  const arenaOf = (segmenter: Segmenter) =>
    Math.max(...segmenter.plansFor(size).map(({ arenaBytes }) => arenaBytes));

  it.each([
    { scales: [1], flip: false, share: 0.5 },
    { scales: [0.7, 1.2], flip: true, share: 0.5 },
  ])('changes neither classes nor probabilities: %j', async ({ share, ...options }) => {
    const free = segmenterOf(options);
    const expected = await free.segment(image);
    expect(new Set(expected.label).size).toBeGreaterThan(1);
    const whole = arenaOf(free);
    const allowed = Math.floor(share * whole);
    const tight = segmenterOf({ ...options, memoryBudget: free.weightBytes + allowed });
    const plans = tight.plansFor(size);
    expect(plans.some((plan) => plan.strips.length > 0)).toBe(true);
    expectSame(await tight.segment(image), expected);
    expect(arenaOf(tight)).toBeLessThanOrEqual(allowed);
    expect(tight.bytes).toBeLessThanOrEqual(free.weightBytes + allowed);
    expect(tight.weightBytes).toBe(free.weightBytes);
  });

  it('too small for an image is an error with the size of the image', async () => {
    const { weightBytes } = segmenterOf();
    const segmenter = segmenterOf({ memoryBudget: weightBytes + 10_000 });
    await expect(segmenter.segment(image)).rejects.toMatchObject({
      code: 'ERR_BUDGET',
      message: expect.stringMatching(
        /an image of 97×161 at 97×161: the plan needs .* of memory in addition to the weights, .* raise it, or use smaller images/,
      ),
    });
  });

  it('too small for the weights alone is an error that says so', () => {
    const { weightBytes } = segmenterOf();
    expect(() => segmenterOf({ memoryBudget: weightBytes })).toThrow(
      /^a memory budget of .* does not hold the weights of the network, which take .*: raise it$/,
    );
  });
});

describe('images of several sizes', () => {
  const SIZES = [
    [40, 56],
    [1, 1],
    [96, 64],
    [200, 3],
    [40, 56],
    [3, 200],
  ] as const;

  it('are segmented one after the other as each is alone', async () => {
    const options: Options = { scales: [1, 1.4], flip: true };
    const segmenter = segmenterOf(options);
    for (const [width, height] of SIZES) {
      const image = photographOf(width, height);
      expectSame(await segmenter.segment(image), await segmenterOf(options).segment(image));
    }
  });

  it('leave the arena at the size that the largest needs', async () => {
    const segmenter = segmenterOf();
    const bytesAfter: number[] = [];
    for (const [width, height] of [
      [16, 16],
      [64, 96],
      [16, 16],
    ] as const) {
      await segmenter.segment(photographOf(width, height));
      bytesAfter.push(segmenter.bytes);
    }
    const [small = 0, large = 0, still] = bytesAfter;
    expect(large).toBeGreaterThan(small);
    expect(still).toBe(large);
  });

  it('are refused if a scale shrinks them to nothing', async () => {
    const segmenter = segmenterOf({ scales: [1, 0.1] });
    await expect(segmenter.segment(photographOf(200, 3))).rejects.toThrow(
      'scale 0.1 leaves 20×0 pixels of an image of 200×3: leave it out',
    );
  });

  it('are refused if a weight of the network is missing', () => {
    const options = {
      device: cpu(),
      network: segmentationNetworkOf(config),
      mean: [0, 0, 0],
      std: [1, 1, 1],
    } as const;
    expect(() => new Segmenter(options).load(new Map())).toThrow(
      /^no tensor for body\.mod1\.conv1\.weight: /,
    );
  });
});

describe('views', () => {
  it('follow each other with their mirror images', () => {
    expect(viewsOf({ width: 10, height: 7 }, [1, 0.5], true)).toEqual([
      { width: 10, height: 7, mirrored: false },
      { width: 10, height: 7, mirrored: true },
      { width: 5, height: 4, mirrored: false },
      { width: 5, height: 4, mirrored: true },
    ]);
  });

  it('round halves to even', () => {
    expect(viewsOf({ width: 17, height: 25 }, [0.5], false)).toEqual([
      { width: 8, height: 12, mirrored: false },
    ]);
    expect([0.5, 1.5, 2.5, 8.5, 12.5, 13.5].map(roundHalfEven)).toEqual([0, 2, 2, 8, 12, 14]);
  });
});

describe('mirroring', () => {
  it('swaps left and right, and is its own inverse', () => {
    const sizes = fc.record({
      width: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(sizes, (size: Size) => {
        const { width, height } = size;
        const pixels = bytes('pixels', [height, width, 3]);
        const result = mirrored(pixels, size);
        const expected = pixels.map((_, i) => {
          const [row, x, c] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
          return pixels[(row * width + width - 1 - x) * 3 + c] ?? 0;
        });
        expect(result).toEqual(expected);
        expect(mirrored(result, size)).toEqual(pixels);
      }),
    );
  });
});
