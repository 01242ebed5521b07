// Color jitter, lighting noise and normalization are affine in RGB, so each image carries one 3×4 matrix that
// the device applies while it converts bytes to floats. The host never makes a float image.

import type { Random } from './random.js';

/** Red, green and blue. */
export type Rgb = readonly [number, number, number];

/** Luma weights of ITU-R BT.601, the gray of torchvision and PIL. */
export const GRAY: Rgb = [0.299, 0.587, 0.114];

const JITTER = 0.4;
const LIGHTING_STD = 0.1;
/** Principal components of ImageNet's RGB values (Krizhevsky et al. 2012). */
const EIGENVALUES: Rgb = [0.2175, 0.0188, 0.0045];
const EIGENVECTORS: readonly [Rgb, Rgb, Rgb] = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
];

/** An affine map of RGB in [0, 1], float64: row-major 3×4, out_r = Σ_k m[4r + k]·rgb[k] + m[4r + 3]. */
export type ColorMatrix = Float64Array;

export function identityColor(): ColorMatrix {
  return Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);
}

/** Scales the output of `m` by `factor`; 0 gives black. */
export function adjustBrightness(m: ColorMatrix, factor: number): void {
  for (let i = 0; i < 12; i++) m[i] = at(m, i) * factor;
}

/**
 * Interpolates the output of `m` with each pixel's gray value by `factor`; 0 gives a gray image, 1 no change.
 */
export function adjustSaturation(m: ColorMatrix, factor: number): void {
  for (let k = 0; k < 4; k++) {
    const gray = (1 - factor) * (GRAY[0] * at(m, k) + GRAY[1] * at(m, 4 + k) + GRAY[2] * at(m, 8 + k));
    for (let r = 0; r < 3; r++) m[4 * r + k] = at(m, 4 * r + k) * factor + gray;
  }
}

/**
 * Interpolates the output of `m` with the image's mean gray by `factor`; 0 gives a uniform gray. `mean` is
 * the mean RGB of the image before `m`; an affine map takes the mean to the mean.
 */
export function adjustContrast(m: ColorMatrix, factor: number, mean: Rgb): void {
  let gray = 0;
  for (const [r, weight] of GRAY.entries()) {
    const row = 4 * r;
    gray +=
      weight * (at(m, row) * mean[0] + at(m, row + 1) * mean[1] + at(m, row + 2) * mean[2] + at(m, row + 3));
  }
  adjustBrightness(m, factor);
  for (let r = 0; r < 3; r++) m[4 * r + 3] = at(m, 4 * r + 3) + (1 - factor) * gray;
}

/**
 * Saturation, brightness and contrast, each with a factor uniform in 1 ± 0.4. The reference shuffles the
 * three steps. Nothing is clipped between them, so they commute and no order is drawn.
 */
export function jitterColor(m: ColorMatrix, random: Random, mean: Rgb): void {
  const factor = () => random.uniform(1 - JITTER, 1 + JITTER);
  adjustSaturation(m, factor());
  adjustBrightness(m, factor());
  adjustContrast(m, factor(), mean);
}

/** AlexNet-style PCA noise: adds Σ_k v[r][k]·a_k·λ_k to channel r of all pixels, a_k ~ N(0, 0.1²). */
export function addLighting(m: ColorMatrix, random: Random): void {
  const alpha = [random.normal(LIGHTING_STD), random.normal(LIGHTING_STD), random.normal(LIGHTING_STD)];
  for (const [r, row] of EIGENVECTORS.entries()) {
    for (const [k, a] of alpha.entries()) {
      m[4 * r + 3] = at(m, 4 * r + 3) + (row[k] ?? 0) * a * (EIGENVALUES[k] ?? 0);
    }
  }
}

/** The color matrix that only normalizes. */
export function normalization(mean: Rgb, std: Rgb): ColorMatrix {
  const m = identityColor();
  normalizeColor(m, mean, std);
  return m;
}

/** (x − mean) / std per channel. */
export function normalizeColor(m: ColorMatrix, mean: Rgb, std: Rgb): void {
  for (let r = 0; r < 3; r++) {
    const row = 4 * r;
    m[row + 3] = at(m, row + 3) - (mean[r] ?? 0);
    for (let k = 0; k < 4; k++) m[row + k] = at(m, row + k) / (std[r] ?? 1);
  }
}

/** Mean RGB, in [0, 1], of interleaved 8-bit pixels. */
export function meanRgb(pixels: Uint8Array): Rgb {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    red += at(pixels, i);
    green += at(pixels, i + 1);
    blue += at(pixels, i + 2);
  }
  const scale = 1 / (255 * (pixels.length / 3));
  return [red * scale, green * scale, blue * scale];
}

function at(values: Float64Array | Uint8Array, index: number): number {
  return values[index] as number;
}
