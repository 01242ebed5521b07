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
import { centreBox, randomCropBox, resizedTo, type Sides, sizeOf } from './geometry.js';
import type { Box, Image, Picture } from './image/image.js';
import type { ModuleSpec } from './module-transform.js';
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

/** Makes an image of fixed size, and the color matrix to apply to it, out of another one. */
export interface Transform {
  readonly spec: TransformSpec | ModuleSpec;
  readonly width: number;
  readonly height: number;
  /**
   * @param pixels receives height × width × 3 bytes
   * @param color receives the 3×4 matrix on RGB in [0, 1], row-major
   */
  apply(image: Picture, random: Random, pixels: Uint8Array, color: Float32Array): void;
}

interface CommonOptions {
  /** What comes out, in pixels: the side of a square, or height and width; default 224. */
  crop?: Sides;
  mean?: Rgb;
  std?: Rgb;
}

export interface TrainTransformOptions extends CommonOptions {
  /** Resize the shorter side to this first, or both sides to a height and a width; −1 (default): do not. */
  scale?: Sides;
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
  /** Resize the shorter side to this first, or both sides to a height and a width; default 256; −1: do not. */
  scale?: Sides;
}

/** [resize,] random resized crop, horizontal flip, [color jitter,] [lighting,] normalization. */
export function trainTransform(options: TrainTransformOptions = {}): Transform {
  const { crop = 224, scale = -1, flip = 0.5, colorJitter = false, lighting = false } = options;
  const { area = [0.08, 1], aspect = [3 / 4, 4 / 3], mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const { width, height } = sizeOf('crop', crop);
  checkScale(scale);
  return {
    spec: { kind: 'train', options },
    width,
    height,
    apply(image, random, pixels, color) {
      const scaled = scale === -1 ? image : resized(image, scale);
      const box = randomCropBox(scaled, random, area, aspect);
      const mirrored = random.uniform() < flip;
      writeRgb(cropAndResize(scaled, box, width, height), mirrored, pixels);
      const matrix = identityColor();
      if (colorJitter) jitterColor(matrix, random, meanRgb(pixels));
      if (lighting) addLighting(matrix, random);
      finishColor(matrix, mean, std, color);
    },
  };
}

/** [Resize of the shorter side,] center crop, normalization. An image smaller than the crop is framed in black. */
export function evalTransform(options: EvalTransformOptions = {}): Transform {
  const { crop = 224, scale = 256, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const frame = sizeOf('crop', crop);
  checkScale(scale);
  return {
    spec: { kind: 'eval', options },
    ...frame,
    apply(image, _random, pixels, color) {
      const size = resizedTo(image, scale);
      const box = centreBox(size, frame);
      const inside = intersect(box, size);
      const part = resized(image, scale, inside);
      if (inside.width === frame.width && inside.height === frame.height) {
        writeRgb(part, false, pixels);
      } else {
        const place = { ...inside, left: inside.left - box.left, top: inside.top - box.top };
        writeFramed(toRgb(part), place, frame, BLACK, pixels);
      }
      color.set(normalization(mean, std));
    },
  };
}

/** The image resized, or `window` of it. */
export function resized(image: Picture, scale: Sides, window?: Box): Image {
  const { width, height } = resizedTo(image, scale);
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  return cropAndResize(image, whole, width, height, window);
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

/** Ends a matrix with the normalization and writes it in single precision. */
export function finishColor(matrix: ColorMatrix, mean: Rgb, std: Rgb, color: Float32Array): void {
  normalizeColor(matrix, mean, std);
  color.set(matrix);
}

export function checkScale(scale: Sides): void {
  if (scale !== -1) sizeOf('scale', scale);
}
