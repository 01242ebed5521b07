import {
  addLighting,
  type ColorMatrix,
  identityColor,
  jitterColor,
  meanRgb,
  normalization,
  normalizeColor,
  type Rgb,
} from './color.js';
import { centreSquare, randomCropBox, shorterSideTo } from './geometry.js';
import type { Box, Image, Picture } from './image.js';
import type { Random } from './random.js';
import { cropAndResize } from './resample.js';
import { toRgb, writeFramed, writeRgb } from './write-rgb.js';

/** ImageNet's mean and standard deviation of RGB in [0, 1]. */
export const IMAGENET_MEAN: Rgb = [0.485, 0.456, 0.406];
export const IMAGENET_STD: Rgb = [0.229, 0.224, 0.225];

const BLACK: Rgb = [0, 0, 0];

/** What a transform is made from: makeTransform makes the same one of it, in any thread. */
export type TransformSpec =
  | { readonly kind: 'train'; readonly options: TrainTransformOptions }
  | { readonly kind: 'eval' | 'ten-crop'; readonly options: EvalTransformOptions };

/** Makes an image of fixed size, and the colour matrix to apply to it, out of another one. */
export interface Transform {
  readonly spec: TransformSpec;
  readonly width: number;
  readonly height: number;
  /**
   * @param pixels receives height × width × 3 bytes
   * @param color receives the 3×4 matrix on RGB in [0, 1], row-major
   */
  apply(image: Picture, random: Random, pixels: Uint8Array, color: Float32Array): void;
}

interface CommonOptions {
  /** Side of the square that comes out, in pixels; default 224. */
  crop?: number;
  mean?: Rgb;
  std?: Rgb;
}

export interface TrainTransformOptions extends CommonOptions {
  /** Resize the shorter side to this first; −1 (default): do not. */
  scale?: number;
  /** Share of the image's area that a crop covers; default [0.08, 1]. */
  area?: readonly [number, number];
  /** Width over height of a crop; default [3/4, 4/3]. */
  aspect?: readonly [number, number];
  /** Probability of mirroring left and right; default 0.5. */
  flip?: number;
  /** Vary saturation, brightness and contrast, each by 1 ± 0.4, in random order. */
  colorJitter?: boolean;
  /** Add PCA lighting noise. */
  lighting?: boolean;
}

export interface EvalTransformOptions extends CommonOptions {
  /** Resize the shorter side to this first; default 256; −1: do not. */
  scale?: number;
}

/** [resize,] random resized crop, horizontal flip, [colour jitter,] [lighting,] normalisation. */
export function trainTransform(options: TrainTransformOptions = {}): Transform {
  const { crop = 224, scale = -1, flip = 0.5, colorJitter = false, lighting = false } = options;
  const { area = [0.08, 1], aspect = [3 / 4, 4 / 3], mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  checkSide('crop', crop);
  if (scale !== -1) checkSide('scale', scale);
  return {
    spec: { kind: 'train', options },
    width: crop,
    height: crop,
    apply(image, random, pixels, color) {
      const scaled = scale === -1 ? image : resizeShorterSide(image, scale);
      const box = randomCropBox(scaled, random, area, aspect);
      const mirrored = random.uniform() < flip;
      writeRgb(cropAndResize(scaled, box, crop, crop), mirrored, pixels);
      const matrix = identityColor();
      if (colorJitter) jitterColor(matrix, random, meanRgb(pixels));
      if (lighting) addLighting(matrix, random);
      finishColor(matrix, mean, std, color);
    },
  };
}

/** [Resize of the shorter side,] centre crop, normalisation. An image smaller than the crop is framed in black. */
export function evalTransform(options: EvalTransformOptions = {}): Transform {
  const { crop = 224, scale = 256, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  checkSide('crop', crop);
  if (scale !== -1) checkSide('scale', scale);
  return {
    spec: { kind: 'eval', options },
    width: crop,
    height: crop,
    apply(image, _random, pixels, color) {
      const size = scale === -1 ? image : shorterSideTo(image, scale);
      const square = centreSquare(size, crop);
      const inside = intersect(square, size);
      const whole = { left: 0, top: 0, width: image.width, height: image.height };
      const resized = cropAndResize(image, whole, size.width, size.height, inside);
      if (inside.width === crop && inside.height === crop) {
        writeRgb(resized, false, pixels);
      } else {
        const place = { ...inside, left: inside.left - square.left, top: inside.top - square.top };
        writeFramed(toRgb(resized), place, square, BLACK, pixels);
      }
      color.set(normalization(mean, std));
    },
  };
}

function resizeShorterSide(image: Picture, target: number): Image {
  const { width, height } = shorterSideTo(image, target);
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  return cropAndResize(image, whole, width, height);
}

/** The part of a box that lies inside an image of this size. */
export function intersect(box: Box, { width, height }: { width: number; height: number }): Box {
  const left = Math.max(box.left, 0);
  const top = Math.max(box.top, 0);
  return {
    left,
    top,
    width: Math.min(box.left + box.width, width) - left,
    height: Math.min(box.top + box.height, height) - top,
  };
}

/** Ends a matrix with the normalisation and writes it in single precision. */
export function finishColor(matrix: ColorMatrix, mean: Rgb, std: Rgb, color: Float32Array): void {
  normalizeColor(matrix, mean, std);
  color.set(matrix);
}

export function checkSide(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`Expected a whole number of pixels above 0 for ${name} but received ${value}`);
  }
}
