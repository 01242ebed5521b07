import { describe, expect, it } from 'vitest';
import {
  addLighting,
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  type ColorMatrix,
  identityColor,
  jitterColor,
  meanRgb,
  type Rgb,
} from '../src/color.js';
import { Random, Stream } from '../src/random.js';
import { cropAndResize } from '../src/resample.js';
import { trainTransform } from '../src/transform.js';
import { makeImage } from './images.js';

const randomOf = (index: number) => new Random(0, Stream.augmentation, 0, index);
const image = makeImage(40, 30, 3, (x, y, c) => (x * 6 + y * 3 + c * 50) % 256);

type Pixel = number[];
const pixelsOf = (data: Uint8Array): Pixel[] =>
  Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)].map((v) => v / 255));
const grayOf = ([r = 0, g = 0, b = 0]: Pixel) => 0.299 * r + 0.587 * g + 0.114 * b;
const map = (m: ColorMatrix | Float32Array, [r = 0, g = 0, b = 0]: Pixel) =>
  [0, 4, 8].map(
    (row) => (m[row] ?? 0) * r + (m[row + 1] ?? 0) * g + (m[row + 2] ?? 0) * b + (m[row + 3] ?? 0),
  );
const lerp = (a: number, b: number, weight: number) => a + weight * (b - a);

function expectClose(received: Pixel[], expected: Pixel[]): void {
  const worst = Math.max(
    ...received.flatMap((p, i) => p.map((v, k) => Math.abs(v - (expected[i]?.[k] ?? 9)))),
  );
  expect(worst).toBeLessThan(1e-12);
}

describe('color matrices', () => {
  it('compose like the same steps on pixels', () => {
    const source = pixelsOf(image.data);
    const matrix = identityColor();
    adjustContrast(matrix, 1.3, meanRgb(image.data));
    adjustSaturation(matrix, 0.7);
    adjustBrightness(matrix, 1.2);
    adjustContrast(matrix, 0.8, meanRgb(image.data));

    const contrast = (pixels: Pixel[], factor: number) => {
      const mean = pixels.reduce((sum, p) => sum + grayOf(p), 0) / pixels.length;
      return pixels.map((p) => p.map((v) => lerp(v, mean, 1 - factor)));
    };
    let expected = contrast(source, 1.3);
    expected = expected.map((p) => p.map((v) => lerp(v, grayOf(p), 1 - 0.7)));
    expected = expected.map((p) => p.map((v) => v * 1.2));
    expected = contrast(expected, 0.8);
    expectClose(
      source.map((p) => map(matrix, p)),
      expected,
    );
  });

  it('jitter changes only the brightness of a uniform gray image', () => {
    const mean: Rgb = [0.5, 0.5, 0.5];
    for (let i = 0; i < 50; i++) {
      const matrix = identityColor();
      jitterColor(matrix, randomOf(i), mean);
      const [r = 0, g = 0, b = 0] = map(matrix, [0.5, 0.5, 0.5]);
      expect(g).toBeCloseTo(r, 12);
      expect(b).toBeCloseTo(r, 12);
      expect(r).toBeGreaterThanOrEqual(0.3);
      expect(r).toBeLessThanOrEqual(0.7);
    }
  });

  it('adjustments commute, so that jitter needs no random order', () => {
    const mean: Rgb = [0.9, 0.4, 0.1];
    const steps = [
      (m: ColorMatrix) => adjustSaturation(m, 0.7),
      (m: ColorMatrix) => adjustBrightness(m, 1.2),
      (m: ColorMatrix) => adjustContrast(m, 1.3, mean),
    ];
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const results = orders.map((order) => {
      const matrix = identityColor();
      for (const step of order) steps[step]?.(matrix);
      return [...matrix].map((value) => value.toFixed(12)).join();
    });
    expect(new Set(results).size).toBe(1);
  });

  it('lighting shifts red by noise of the right size', () => {
    const shifts = Array.from({ length: 4000 }, (_, i) => {
      const matrix = identityColor();
      addLighting(matrix, randomOf(i));
      return matrix[3] ?? 0;
    });
    const deviation = Math.sqrt(shifts.reduce((sum, s) => sum + s * s, 0) / shifts.length);
    // √Σ_k (v_k·0.1·λ_k)² for the red row
    expect(deviation).toBeCloseTo(0.1 * Math.hypot(0.5675 * 0.2175, 0.7192 * 0.0188, 0.4009 * 0.0045), 3);
  });
});

describe('trainTransform', () => {
  const run = (options: Parameters<typeof trainTransform>[0], index: number, source = image) => {
    const transform = trainTransform({ crop: 16, ...options });
    const pixels = new Uint8Array(16 * 16 * 3);
    const color = new Float32Array(12);
    transform.apply(source, randomOf(index), pixels, color);
    return { pixels, color };
  };

  it('is a function of the random stream', () => {
    const options = { colorJitter: true, lighting: true };
    expect(run(options, 3)).toEqual(run(options, 3));
    expect(run(options, 3).pixels).not.toEqual(run(options, 4).pixels);
  });

  it('only normalizes by default', () => {
    const { color } = run({ mean: [0.5, 0.25, 0], std: [0.5, 1, 2] }, 0);
    expect([...color]).toEqual([2, 0, 0, -1, 0, 1, 0, -0.25, 0, 0, 0.5, 0]);
  });

  it('mirrors left and right', () => {
    const plain = run({ flip: 0 }, 1).pixels;
    const mirrored = run({ flip: 1 }, 1).pixels;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const at = (y * 16 + x) * 3;
        const opposite = (y * 16 + 15 - x) * 3;
        expect(mirrored.subarray(at, at + 3)).toEqual(plain.subarray(opposite, opposite + 3));
      }
    }
  });

  it('flips about half of the images', () => {
    const ramp = makeImage(16, 16, 1, (x) => x * 10);
    const flipped = Array.from({ length: 400 }, (_, i) =>
      run({ area: [1, 1], aspect: [1, 1] }, i, ramp),
    ).filter(({ pixels }) => (pixels[0] ?? 0) > (pixels[45] ?? 0));
    expect(Math.abs(flipped.length - 200)).toBeLessThan(60);
  });

  it('treats gray like RGB with equal channels', () => {
    const gray = makeImage(28, 28, 1, (x, y) => (x * x + 7 * y) % 256);
    const rgb = makeImage(28, 28, 3, (x, y) => (x * x + 7 * y) % 256);
    for (let i = 0; i < 8; i++) expect(run({}, i, gray)).toEqual(run({}, i, rgb));
  });

  it('resizes the shorter side first on request', () => {
    // At scale 16 a crop of the whole square leaves nothing to draw.
    const square = makeImage(64, 64, 1, (x, y) => (x + y) % 256);
    const first = run({ scale: 16, area: [1, 1], aspect: [1, 1], flip: 0 }, 0, square);
    const second = run({ scale: 16, area: [1, 1], aspect: [1, 1], flip: 0 }, 1, square);
    expect(first.pixels).toEqual(second.pixels);
  });

  it('makes images of a given height and width, first resized to both on request', () => {
    const transform = trainTransform({
      crop: [8, 12],
      scale: [8, 12],
      area: [1, 1],
      aspect: [1.5, 1.5],
      flip: 0,
    });
    expect([transform.height, transform.width]).toEqual([8, 12]);
    const pixels = new Uint8Array(8 * 12 * 3);
    transform.apply(image, randomOf(0), pixels, new Float32Array(12));
    const whole = cropAndResize(image, { left: 0, top: 0, width: 40, height: 30 }, 12, 8);
    expect(pixels).toEqual(whole.data);
  });

  it.each([0, -3, 1.5])('rejects a crop of %s', (side) => {
    expect(() => trainTransform({ crop: side })).toThrow(`for crop but received ${side}`);
    expect(() => trainTransform({ crop: [8, side] })).toThrow(`for crop but received ${side}`);
  });
});
