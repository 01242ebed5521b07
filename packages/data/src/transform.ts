import { applySteps, type Interpolation } from './augment.js';
import { type Policy, type RandAugmentOptions, randAugment, trivialAugmentWide } from './augment-policy.js';
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
import { checkErasing, drawErasing, erase, type RandomErasingOptions } from './erasing.js';
import { centerBox, randomCropBox, resizedTo, type Sides, sizeOf } from './geometry.js';
import type { Box, Image, Picture } from './image/image.js';
import type { ModuleSpec } from './module-transform.js';
import type { Random } from './random.js';
import { cropAndResize } from './resample.js';
import { toRgb, writeFramed, writeRgb } from './write-rgb.js';

/** Mean of the red, green and blue of ImageNet's images in [0, 1]. */
export const IMAGENET_MEAN: Rgb = [0.485, 0.456, 0.406];
/** Standard deviation of the red, green and blue of ImageNet's images in [0, 1]. */
export const IMAGENET_STD: Rgb = [0.229, 0.224, 0.225];

const BLACK: Rgb = [0, 0, 0];

/** Describes a transform, so that makeTransform can build it in any thread. */
export type TransformSpec =
  | {
      /** {@link trainTransform}. */
      readonly kind: 'train';
      /** Its options. */
      readonly options: TrainTransformOptions;
    }
  | {
      /** {@link evalTransform} or {@link tenCropTransform}. */
      readonly kind: 'eval' | 'ten-crop';
      /** Its options. */
      readonly options: EvalTransformOptions;
    };

/** Makes a fixed-size image and its color matrix from an image of any size. */
export interface Transform {
  /** The form that is posted to the loader's threads. */
  readonly spec: TransformSpec | ModuleSpec;
  /** Width of every image it makes, in pixels. */
  readonly width: number;
  /** Height of every image it makes, in pixels. */
  readonly height: number;
  /**
   * Writes the pixels and the color matrix of one image.
   *
   * @param pixels receives height × width × 3 bytes
   * @param color receives the row-major 3×4 matrix on RGB in [0, 1]
   */
  apply(image: Picture, random: Random, pixels: Uint8Array, color: Float32Array): void;
}

interface CommonOptions {
  /** Output size in pixels: the side of a square, or height and width. Default 224. */
  crop?: Sides;
  /** Means of RGB in [0, 1], which are subtracted. Default: ImageNet's, {@link IMAGENET_MEAN}. */
  mean?: Rgb;
  /** Standard deviations of RGB in [0, 1], which divide. Default: ImageNet's, {@link IMAGENET_STD}. */
  std?: Rgb;
}

/** Options of {@link trainTransform}. */
export interface TrainTransformOptions extends CommonOptions {
  /** Resize first: a number sets the shorter side, a pair height and width. Default −1: keep the size. */
  scale?: Sides;
  /** Range of the crop's share of the image area. Default [0.08, 1]. */
  area?: readonly [number, number];
  /** Range of the crop's aspect ratio, width over height. Default [3/4, 4/3]. */
  aspect?: readonly [number, number];
  /** Probability of a horizontal flip. Default 0.5. */
  flip?: number;
  /** Jitter saturation, brightness and contrast, each by a factor of 1 ± 0.4. Default false. */
  colorJitter?: boolean;
  /** Add PCA lighting noise. Default false. */
  lighting?: boolean;
  /**
   * Operations of RandAugment after the flip, with torchvision's pixels; `{}` for its defaults. Default:
   * none.
   */
  randAugment?: RandAugmentOptions;
  /** One operation of TrivialAugmentWide instead. Default false. */
  trivialAugment?: boolean;
  /**
   * Interpolation of RandAugment and TrivialAugmentWide. Default `bilinear`, as in torchvision's training
   * script; torchvision's classes default to nearest.
   */
  interpolation?: Interpolation;
  /** Erase a box at the end. Default: none. */
  randomErasing?: RandomErasingOptions;
}

/** Options of the transform for validation: resize, then center crop. */
export interface EvalTransformOptions extends CommonOptions {
  /**
   * Resize first: a number sets the shorter side, a pair height and width; −1 keeps the size. Default 256.
   */
  scale?: Sides;
}

/**
 * [Resize,] random resized crop, horizontal flip, [RandAugment or TrivialAugmentWide,] [color jitter,] [PCA
 * lighting noise,] [random erasing,] normalization.
 *
 * @throws RangeError for an option out of range, or two policies
 */
export function trainTransform(options: TrainTransformOptions = {}): Transform {
  const { crop = 224, scale = -1, flip = 0.5, colorJitter = false, lighting = false } = options;
  const { area = [0.08, 1], aspect = [3 / 4, 4 / 3], mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const { width, height } = sizeOf('crop', crop);
  const { interpolation = 'bilinear', randomErasing } = options;
  const policy = policyOf(options);
  checkScale(scale);
  if (randomErasing) checkErasing(randomErasing);
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
      const steps = policy?.(random, { width, height });
      const erased = randomErasing ? drawErasing(randomErasing, random, { width, height }) : null;
      // An erased box needs bytes for every color, so nothing may dim the image after them.
      if (steps) applySteps(pixels, { width, height }, steps, interpolation, erased ? null : matrix);
      if (colorJitter) jitterColor(matrix, random, meanRgb(pixels));
      if (lighting) addLighting(matrix, random);
      if (erased) {
        const fill = { mode: randomErasing?.mode ?? 'const', mean, std, matrix };
        erase(pixels, { width, height }, erased, fill, random);
      }
      finishColor(matrix, mean, std, color);
    },
  };
}

function policyOf({ randAugment: options, trivialAugment = false }: TrainTransformOptions): Policy | null {
  if (options && trivialAugment)
    throw new RangeError('Expected randAugment or trivialAugment but received both');
  if (options) return randAugment(options);
  return trivialAugment ? trivialAugmentWide() : null;
}

/**
 * [Resize of the shorter side,] center crop, normalization. An image smaller than the crop is padded with
 * black.
 *
 * @throws RangeError for an option out of range
 */
export function evalTransform(options: EvalTransformOptions = {}): Transform {
  const { crop = 224, scale = 256, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const frame = sizeOf('crop', crop);
  checkScale(scale);
  return {
    spec: { kind: 'eval', options },
    ...frame,
    apply(image, _random, pixels, color) {
      const size = resizedTo(image, scale);
      const box = centerBox(size, frame);
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

/** Resizes the picture and returns `window` of the result, or all of it. */
export function resized(image: Picture, scale: Sides, window?: Box): Image {
  const { width, height } = resizedTo(image, scale);
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  return cropAndResize(image, whole, width, height, window);
}

/** Intersects a box with an image of this size. */
function intersect(box: Box, { width, height }: { width: number; height: number }): Box {
  const left = Math.max(box.left, 0);
  const top = Math.max(box.top, 0);
  return {
    left,
    top,
    width: Math.min(box.left + box.width, width) - left,
    height: Math.min(box.top + box.height, height) - top,
  };
}

/** Appends the normalization to the matrix and writes it as float32. */
export function finishColor(matrix: ColorMatrix, mean: Rgb, std: Rgb, color: Float32Array): void {
  normalizeColor(matrix, mean, std);
  color.set(matrix);
}

export function checkScale(scale: Sides): void {
  if (scale !== -1) sizeOf('scale', scale);
}
