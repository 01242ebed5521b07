// The operations of RandAugment and TrivialAugmentWide on the pixels of one crop. Each is a separate pass,
// bit for bit equal to Pillow's, because Pillow rounds, clips and fills with black after every operation.
// Only brightness, color and contrast at the end of the sequence, if they do not clip, are left to the color
// matrix.

import type { Step } from './augment-policy.js';
import {
  autoContrastTable,
  blendTable,
  equalizeTable,
  posterizeTable,
  solarizeTable,
  type Table,
} from './augment-tables.js';
import { adjustBrightness, adjustContrast, adjustSaturation, type ColorMatrix, meanRgb } from './color.js';
import type { Size } from './geometry.js';
import { type Kernels, kernels } from './wasm/kernels.js';

/** How shears, translations and rotations read between pixels. */
export type Interpolation = 'nearest' | 'bilinear';

/** Maps positions of the result to the source: x' = m₀·x + m₁·y + m₂, y' = m₃·x + m₄·y + m₅. */
type AffineMap = readonly [number, number, number, number, number, number];

/** Pixels in kernel memory. */
interface Canvas extends Size {
  readonly kernel: Kernels;
  /** Address of the pixels. */
  pixels: number;
  /** Address of a buffer of the same size. */
  spare: number;
}

/**
 * Applies operations in order to H×W×3 bytes, in place.
 *
 * @param matrix receives the affine operations at the end; null: all operations change the bytes
 */
export function applySteps(
  pixels: Uint8Array,
  { width, height }: Size,
  steps: readonly Step[],
  interpolation: Interpolation,
  matrix: ColorMatrix | null,
): void {
  const onBytes = matrix ? steps.findLastIndex((step) => !isAffine(step)) + 1 : steps.length;
  const passes = steps.slice(0, onBytes).filter(({ operation }) => operation !== 'Identity');
  if (passes.length > 0) {
    const kernel = kernels();
    kernel.scratch.reset();
    const at = kernel.scratch.put(pixels);
    const canvas = { kernel, width, height, pixels: at, spare: kernel.scratch.take(pixels.length) };
    for (const step of passes) applyStep(canvas, step, interpolation);
    pixels.set(kernel.scratch.copy(canvas.pixels, pixels.length));
  }
  if (matrix) for (const step of steps.slice(onBytes)) adjustMatrix(matrix, step, pixels);
}

/** Whether an operation is an affine map of colors: a factor of at most 1 leaves nothing to clip. */
function isAffine({ operation, magnitude }: Step): boolean {
  if (operation === 'Identity') return true;
  const enhances = operation === 'Brightness' || operation === 'Color' || operation === 'Contrast';
  return enhances && magnitude <= 0;
}

function adjustMatrix(matrix: ColorMatrix, { operation, magnitude }: Step, pixels: Uint8Array): void {
  if (operation === 'Brightness') adjustBrightness(matrix, 1 + magnitude);
  if (operation === 'Color') adjustSaturation(matrix, 1 + magnitude);
  if (operation === 'Contrast') adjustContrast(matrix, 1 + magnitude, meanRgb(pixels));
}

function applyStep(canvas: Canvas, step: Step, interpolation: Interpolation): void {
  const { operation, magnitude } = step;
  const { kernel, pixels, spare, width, height } = canvas;
  const factor = 1 + magnitude;
  if (operation === 'Color') {
    kernel.blendGray(pixels, width * height, factor);
  } else if (operation === 'Sharpness') {
    kernel.blendSmooth(spare, pixels, width, height, factor);
    swap(canvas);
  } else {
    const map = mapOf(step, canvas);
    const table = map ? null : tableOf(step, canvas);
    // Translations are by whole pixels, so there is nothing to interpolate.
    if (map) warp(canvas, map, operation.startsWith('Translate') ? 'nearest' : interpolation);
    if (table) kernel.lookUp(pixels, width * height, kernel.scratch.put(table));
  }
}

/** The map of a geometric operation. */
function mapOf({ operation, magnitude }: Step, size: Size): AffineMap | null {
  switch (operation) {
    case 'ShearX':
      return [1, Math.tan(Math.atan(magnitude)), 0, 0, 1, 0];
    case 'ShearY':
      return [1, 0, 0, Math.tan(Math.atan(magnitude)), 1, 0];
    case 'TranslateX':
      return [1, 0, -Math.trunc(magnitude), 0, 1, 0];
    case 'TranslateY':
      return [1, 0, 0, 0, 1, -Math.trunc(magnitude)];
    case 'Rotate':
      return rotation(magnitude, size);
    default:
      return null;
  }
}

/** The table of an operation on single bytes. */
function tableOf({ operation, magnitude }: Step, canvas: Canvas): Table | null {
  switch (operation) {
    case 'Brightness':
      return blendTable(0, 1 + magnitude);
    case 'Contrast':
      return blendTable(meanGray(canvas), 1 + magnitude);
    case 'Posterize':
      return posterizeTable(magnitude);
    case 'Solarize':
      return solarizeTable(magnitude);
    case 'AutoContrast':
      return autoContrastTable(countLevels(canvas));
    case 'Equalize':
      return equalizeTable(countLevels(canvas));
    default:
      return null;
  }
}

function warp(canvas: Canvas, map: AffineMap, interpolation: Interpolation): void {
  const { kernel, pixels, spare, width, height } = canvas;
  const run = interpolation === 'nearest' ? kernel.affineNearest : kernel.affineBilinear;
  run(spare, pixels, width, height, ...map);
  swap(canvas);
}

function swap(canvas: Canvas): void {
  const { pixels, spare } = canvas;
  canvas.pixels = spare;
  canvas.spare = pixels;
}

/** The map of Image.rotate: counterclockwise around the center. */
function rotation(degrees: number, { width, height }: Size): AffineMap {
  const radians = -((((degrees % 360) + 360) % 360) * Math.PI) / 180;
  const rounded = (value: number) => Number(value.toFixed(15));
  const [cos, sin] = [rounded(Math.cos(radians)), rounded(Math.sin(radians))];
  const [x, y] = [width / 2, height / 2];
  return [cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y];
}

/** The mean of the pixels as gray, rounded. */
function meanGray({ kernel, pixels, width, height }: Canvas): number {
  return Math.trunc(kernel.sumGray(pixels, width * height) / (width * height) + 0.5);
}

/** Number of pixels of each level, 3×256. */
function countLevels({ kernel, pixels, width, height }: Canvas): Int32Array {
  const counts = kernel.scratch.put(new Int32Array(3 * 256));
  kernel.countLevels(counts, pixels, width * height);
  return new Int32Array(kernel.scratch.copy(counts, 3 * 256 * 4).buffer);
}
