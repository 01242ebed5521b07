// Random erasing (Zhong et al. 2020) as in torchvision and timm, with the fills of timm's three modes.
// torchvision erases normalized images; here the bytes receive the colors that normalize to the same values.
// Sources: torchvision, transforms/transforms.py (RandomErasing); timm, data/random_erasing.py.

import type { ColorMatrix, Rgb } from './color.js';
import { roundHalfEven, type Size } from './geometry.js';
import type { Box } from './image/image.js';
import type { Random } from './random.js';

/**
 * `const`: the mean color, 0 after normalization; `rand`: one normally distributed color per box; `pixel`:
 * one per pixel.
 */
export type ErasingMode = 'const' | 'rand' | 'pixel';

/** Options of random erasing; ranges are torchvision's. */
export interface RandomErasingOptions {
  /** Probability that a box of an image is erased. Default 0.5. */
  probability?: number;
  /** Default `const`. torchvision's `value="random"` is `pixel`. */
  mode?: ErasingMode;
  /** Range of the box's share of the crop. Default [0.02, 0.33]. */
  area?: readonly [number, number];
  /** Range of its aspect ratio, height over width. Default [0.3, 3.3]. */
  aspect?: readonly [number, number];
}

const TRIES = 10;

/** @throws RangeError for a probability outside [0, 1] or an invalid range */
export function checkErasing({
  probability = 0.5,
  area = [0.02, 0.33],
  aspect = [0.3, 3.3],
}: RandomErasingOptions): void {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`Expected a probability from 0 to 1 for random erasing but received ${probability}`);
  }
  for (const [name, [low, high]] of Object.entries({ area, aspect })) {
    if (low > 0 && low <= high && high <= (name === 'area' ? 1 : Number.MAX_VALUE)) continue;
    const expected =
      name === 'area' ? 'two increasing shares above 0 and at most 1' : 'two increasing ratios above 0';
    throw new RangeError(
      `Expected ${expected} for the ${name} of random erasing but received [${low}, ${high}]`,
    );
  }
}

/** Draws the box to erase; null for none, also if no box fits in ten tries. */
export function drawErasing(
  options: RandomErasingOptions,
  random: Random,
  { width, height }: Size,
): Box | null {
  const { probability = 0.5, area = [0.02, 0.33], aspect = [0.3, 3.3] } = options;
  if (random.uniform() >= probability) return null;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const target = width * height * random.uniform(area[0], area[1]);
    const ratio = Math.exp(random.uniform(Math.log(aspect[0]), Math.log(aspect[1])));
    const h = roundHalfEven(Math.sqrt(target * ratio));
    const w = roundHalfEven(Math.sqrt(target / ratio));
    if (h >= height || w >= width) continue;
    const top = random.below(height - h + 1);
    return { left: random.below(width - w + 1), top, width: w, height: h };
  }
  return null;
}

/** Fill of an erased box. */
export interface Fill {
  readonly mode: ErasingMode;
  /** Mean of the normalization that follows. */
  readonly mean: Rgb;
  /** Its standard deviation. */
  readonly std: Rgb;
  /** The color map that is applied to the pixels before the normalization. */
  readonly matrix: ColorMatrix;
}

/** Erases a box of H×W×3 bytes. Colors are rounded and clipped to bytes. */
export function erase(
  pixels: Uint8Array,
  { width }: Size,
  box: Box,
  { mode, mean, std, matrix }: Fill,
  random: Random,
): void {
  const bytesOf = inverseOf(matrix);
  const draw = (): Rgb => {
    const [red, green, blue] = mean;
    if (mode === 'const') return mean;
    return [red + random.normal(std[0]), green + random.normal(std[1]), blue + random.normal(std[2])];
  };
  let color = bytesOf(draw());
  for (let y = box.top; y < box.top + box.height; y++) {
    let at = (y * width + box.left) * 3;
    for (let x = 0; x < box.width; x++) {
      if (mode === 'pixel') color = bytesOf(draw());
      pixels[at++] = color[0];
      pixels[at++] = color[1];
      pixels[at++] = color[2];
    }
  }
}

/** Inverts a color map of RGB in [0, 1]: returns the bytes that it maps to a color. */
function inverseOf(m: ColorMatrix): (color: Rgb) => Rgb {
  const row = (r: number): Rgb => [m[4 * r] ?? 0, m[4 * r + 1] ?? 0, m[4 * r + 2] ?? 0];
  const [a, b, c] = [row(0), row(1), row(2)];
  const scale = 255 / dot(a, cross(b, c));
  // Columns of the inverse, times the determinant.
  const [u, v, w] = [cross(b, c), cross(c, a), cross(a, b)];
  const byte = (value: number) => Math.min(Math.max(Math.round(scale * value), 0), 255);
  return (color) => {
    const [x, y, z] = [color[0] - (m[3] ?? 0), color[1] - (m[7] ?? 0), color[2] - (m[11] ?? 0)];
    return [
      byte(u[0] * x + v[0] * y + w[0] * z),
      byte(u[1] * x + v[1] * y + w[1] * z),
      byte(u[2] * x + v[2] * y + w[2] * z),
    ];
  };
}

function dot(a: Rgb, b: Rgb): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Rgb, b: Rgb): Rgb {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
