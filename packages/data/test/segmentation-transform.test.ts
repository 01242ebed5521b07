import { describe, expect, it } from 'vitest';
import { identityColor, jitterColor, meanRgb, normalizeColor } from '../src/color.js';
import type { Image } from '../src/image/image.js';
import type { LabelMap } from '../src/label-map.js';
import { Random, Stream } from '../src/random.js';
import {
  type SegmentationTransform,
  segmentationEvalTransform,
  segmentationTransform,
} from '../src/segmentation-transform.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../src/transform.js';
import { makeImage } from './images.js';
import { fixture, labels, photograph, sha256 } from './segmentation.js';

const [WIDTH, HEIGHT] = [61, 47];

/** A stream that replays given numbers. */
class Scripted extends Random {
  constructor(
    private readonly uniforms: number[],
    private readonly whole: number[],
  ) {
    super(0, Stream.augmentation, 0, 0);
  }
  override uniform(): number {
    return this.uniforms.shift() ?? Number.NaN;
  }
  override below(): number {
    return this.whole.shift() ?? Number.NaN;
  }
}

const seeded = (index: number) => new Random(3, Stream.augmentation, 0, index);

function apply(
  transform: SegmentationTransform,
  random: Random,
  image: Image = photograph(WIDTH, HEIGHT),
  map: LabelMap = labels(WIDTH, HEIGHT),
) {
  const pixels = new Uint8Array(transform.width * transform.height * 3).fill(9);
  const targets = new Uint8Array(transform.width * transform.height).fill(9);
  const color = new Float32Array(12);
  transform.applyLabeled(image, map, random, pixels, color, targets);
  return { pixels, targets, color };
}

const plainColor = () => {
  const matrix = identityColor();
  normalizeColor(matrix, IMAGENET_MEAN, IMAGENET_STD);
  return Float32Array.from(matrix);
};

describe('segmentationTransform', () => {
  it.each(fixture.crops)('equals PIL: $crop of $factor, size $size, mirrored $mirrored', (given) => {
    const transform = segmentationTransform({
      crop: given.crop,
      ...(given.size === null ? {} : { size: given.size }),
    });
    expect([transform.height, transform.width]).toEqual(given.crop);
    const random = new Scripted([given.factor, given.mirrored ? 0 : 1], [given.top, given.left]);
    const { pixels, targets, color } = apply(transform, random);
    expect(sha256(targets)).toBe(given.targets);
    expect(sha256(pixels)).toBe(given.pixels);
    expect(color).toEqual(plainColor());
  });

  it('moves image and labels together', () => {
    // Every pixel has its own color, and its class id is that color.
    const image = makeImage(16, 15, 3, (x, y) => 16 * y + x);
    const map = makeImage(16, 15, 1, (x, y) => 16 * y + x);
    const transform = segmentationTransform({ crop: [18, 9], scale: [1, 1] });
    for (let i = 0; i < 40; i++) {
      const { pixels, targets } = apply(transform, seeded(i), image, map);
      const inside = targets.subarray(0, 15 * 9);
      expect(inside).toEqual(pixels.subarray(0, 15 * 9 * 3).filter((_, k) => k % 3 === 0));
      expect(new Set(targets.subarray(15 * 9))).toEqual(new Set([255]));
    }
  });

  it('draws scales, offsets and flips from their full ranges', () => {
    const image = makeImage(20, 10, 1, (x) => x);
    const map = makeImage(20, 10, 1, (x) => x);
    const sizes = new Set<number>();
    const firsts = new Set<number>();
    const scaling = segmentationTransform({ crop: [40, 40], scale: [0.5, 2] });
    const cropping = segmentationTransform({ crop: [10, 15], scale: [1, 1], flip: 0 });
    for (let i = 0; i < 600; i++) {
      sizes.add(apply(scaling, seeded(i), image, map).targets.subarray(0, 40).indexOf(255));
      firsts.add(apply(cropping, seeded(i), image, map).targets[0] ?? -1);
    }
    expect([Math.min(...sizes), Math.max(...sizes), sizes.size]).toEqual([10, 39, 30]);
    expect([...firsts].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    const mirrored = (flip: number) => {
      const transform = segmentationTransform({ crop: [10, 20], scale: [1, 1], flip });
      return Array.from({ length: 200 }, (_, i) => apply(transform, seeded(i), image, map).targets[0]);
    };
    expect(new Set(mirrored(0))).toEqual(new Set([0]));
    expect(new Set(mirrored(1))).toEqual(new Set([19]));
    expect(new Set(mirrored(0.5))).toEqual(new Set([0, 19]));
  });

  it('resizes the shorter side to `size` times the factor', () => {
    const transform = segmentationTransform({ crop: 100, size: 24, scale: [1.5, 1.5], flip: 0 });
    for (const [width, height, expected] of [
      [20, 10, [72, 36]],
      [10, 30, [36, 100]],
      [7, 7, [36, 36]],
    ] as const) {
      const { targets } = apply(
        transform,
        seeded(0),
        photograph(width, height),
        makeImage(width, height, 1, () => 1),
      );
      const columns = targets.subarray(0, 100).filter((id) => id === 1).length;
      const rows = targets.filter((id, i) => i % 100 === 0 && id === 1).length;
      expect([columns, rows]).toEqual(expected);
    }
  });

  it('jitters colors about the mean of the image, not of its padding', () => {
    const transform = segmentationTransform({ crop: 80, colorJitter: true });
    const factors = [1.3, 0.7, 0.65];
    const { color } = apply(transform, new Scripted([1, 1, ...factors], [0, 0]));
    const matrix = identityColor();
    jitterColor(matrix, new Scripted([...factors], []), meanRgb(photograph(WIDTH, HEIGHT).data));
    normalizeColor(matrix, IMAGENET_MEAN, IMAGENET_STD);
    expect(color).toEqual(Float32Array.from(matrix));
  });

  it.each([
    [{ crop: 0 }, 'for crop but received 0'],
    [{ crop: [3, 2.5] as const }, 'for crop but received 2.5'],
    [{ crop: 8, size: -1 }, 'for size but received -1'],
    [{ crop: 8, scale: [2, 1] as const }, 'the smaller first, for scale but received [2, 1]'],
    [{ crop: 8, scale: [0, 1] as const }, 'above 0, the smaller first, for scale but received [0, 1]'],
    [{ crop: 8, flip: 1.5 }, 'Expected a probability from 0 to 1 for flip but received 1.5'],
  ])('refuses %j', (options, message) => {
    expect(() => segmentationTransform(options)).toThrow(message);
  });
});

describe('segmentationEvalTransform', () => {
  it.each(fixture.evaluations)('equals PIL: $crop, size $size, longest side $maxSide', (given) => {
    const transform = segmentationEvalTransform({
      crop: given.crop,
      ...(given.size === null ? {} : { size: given.size }),
      ...(given.maxSide === null ? {} : { maxSide: given.maxSide }),
    });
    const { pixels, targets, color } = apply(transform, seeded(0));
    expect(sha256(targets)).toBe(given.targets);
    expect(sha256(pixels)).toBe(given.pixels);
    expect(color).toEqual(plainColor());
  });

  it('takes images of any shape', () => {
    const transform = segmentationEvalTransform({ crop: [4, 6], maxSide: 6 });
    const one = apply(transform, seeded(0), photograph(1, 1), labels(1, 1));
    expect([...one.targets.subarray(0, 2)]).toEqual([0, 255]);
    const strip = makeImage(900, 5, 1, () => 3);
    expect([...apply(transform, seeded(0), photograph(900, 5), strip).targets.subarray(0, 7)]).toEqual([
      ...Array(6).fill(3),
      255,
    ]);
  });
});
