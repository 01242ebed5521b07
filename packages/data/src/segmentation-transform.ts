import { identityColor, jitterColor, meanRgb, normalization, type Rgb } from './color.js';
import {
  checkSide,
  longestSideTo,
  roundHalfEven,
  type Sides,
  type Size,
  scaledBy,
  shorterSideTo,
  sizeOf,
} from './geometry.js';
import type { Box, Picture } from './image/image.js';
import { IGNORED } from './label-coding.js';
import { type ClassIds, type IdTargets, idTargets, type LabelMap, UnknownClassError } from './label-map.js';
import type { ModuleSpec } from './module-transform.js';
import { nearestPositions } from './nearest.js';
import type { Random } from './random.js';
import { cropAndResize } from './resample.js';
import { finishColor, IMAGENET_MEAN, IMAGENET_STD } from './transform.js';
import { writeFramed, writeRgb } from './write-rgb.js';

/** Describes a transform, so that makeTransform can build it in any thread. */
export type SegmentationSpec =
  | {
      /** {@link segmentationTransform}. */
      readonly kind: 'segmentation';
      /** Its options. */
      readonly options: SegmentationTransformOptions;
    }
  | {
      /** {@link segmentationEvalTransform}. */
      readonly kind: 'segmentation-eval';
      /** Its options. */
      readonly options: SegmentationEvalOptions;
    };

/** Makes a fixed-size image, its color matrix and its class ids from an image and its label map. */
export interface SegmentationTransform {
  /** The form that is posted to the loader's threads. */
  readonly spec: SegmentationSpec | ModuleSpec;
  /** Width of every image it makes, in pixels. */
  readonly width: number;
  /** Height of every image it makes, in pixels. */
  readonly height: number;
  /**
   * @param labels label map of the image's size
   * @param pixels receives height × width × 3 bytes
   * @param color receives the row-major 3×4 matrix on RGB in [0, 1]
   * @param targets receives height × width class ids; 255 in the padding and for ignored pixels
   * @returns the number of pixels whose class id is not 255
   */
  applyLabeled(
    image: Picture,
    labels: LabelMap,
    random: Random,
    pixels: Uint8Array,
    color: Float32Array,
    targets: Uint8Array,
  ): number;
}

interface CommonOptions extends ClassIds {
  /** Output size in pixels: the side of a square, or height and width. */
  crop: Sides;
  /** Means of RGB in [0, 1], which are subtracted. Default: ImageNet's, {@link IMAGENET_MEAN}. */
  mean?: Rgb;
  /** Standard deviations of RGB in [0, 1], which divide. Default: ImageNet's, {@link IMAGENET_STD}. */
  std?: Rgb;
}

/** Options of {@link segmentationTransform}. */
export interface SegmentationTransformOptions extends CommonOptions {
  /** Shorter side at factor 1. Default: that of the image. */
  size?: number;
  /** Range of the random scale factor, drawn uniformly. Default [0.5, 2]. */
  scale?: readonly [low: number, high: number];
  /** Probability of a horizontal flip. Default 0.5. */
  flip?: number;
  /** Jitter saturation, brightness and contrast, each by a factor of 1 ± 0.4. Default false. */
  colorJitter?: boolean;
}

/** Options of the segmentation transform for validation. */
export interface SegmentationEvalOptions extends CommonOptions {
  /** Resize the shorter side to this many pixels. Default: keep the size. */
  size?: number;
  /** Then shrink images whose longer side exceeds this many pixels. Default: no limit. */
  maxSide?: number;
}

/**
 * Random scale, random crop, horizontal flip, [color jitter,] normalization. Images use PIL's bilinear
 * filter, labels its nearest neighbor. A scaled image smaller than the crop is placed at the top left; the
 * padding has the mean color and class id 255 (ignore).
 *
 * @throws RangeError for an option out of range
 */
export function segmentationTransform(options: SegmentationTransformOptions): SegmentationTransform {
  const { size, scale = [0.5, 2], flip = 0.5, colorJitter = false } = options;
  const { mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const frame = sizeOf('crop', options.crop);
  const ids = idTargets(options);
  if (size !== undefined) checkSide('size', size);
  checkScale(scale);
  if (!(flip >= 0 && flip <= 1)) {
    throw new RangeError(`Expected a probability from 0 to 1 for flip but received ${flip}`);
  }
  return {
    spec: { kind: 'segmentation', options },
    ...frame,
    applyLabeled(image, labels, random, pixels, color, targets) {
      const factor = random.uniform(scale[0], scale[1]);
      const scaled =
        size === undefined
          ? scaledBy(image, factor)
          : shorterSideTo(image, Math.max(Math.trunc(size * factor), 1));
      const width = Math.min(frame.width, scaled.width);
      const height = Math.min(frame.height, scaled.height);
      const top = random.below(scaled.height - height + 1);
      const left = random.below(scaled.width - width + 1);
      const mirrored = random.uniform() < flip;
      const cut = { scaled, window: { left, top, width, height }, mirrored, frame };
      const counted = writeTargets(labels, cut, ids, targets);
      const content = writePixels(image, cut, mean, pixels);
      const matrix = identityColor();
      if (colorJitter) jitterColor(matrix, random, meanRgb(content));
      finishColor(matrix, mean, std, color);
      return counted;
    },
  };
}

/**
 * [Resize,] center crop, normalization; nothing is random. An image smaller than the crop is placed at the
 * top left; the padding has the mean color and class id 255. With `maxSide` no larger than the crop nothing
 * is cropped.
 *
 * @throws RangeError for an option out of range
 */
export function segmentationEvalTransform(options: SegmentationEvalOptions): SegmentationTransform {
  const { size, maxSide, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const frame = sizeOf('crop', options.crop);
  const ids = idTargets(options);
  if (size !== undefined) checkSide('size', size);
  if (maxSide !== undefined) checkSide('maxSide', maxSide);
  return {
    spec: { kind: 'segmentation-eval', options },
    ...frame,
    applyLabeled(image, labels, _random, pixels, color, targets) {
      const sized = size === undefined ? image : shorterSideTo(image, size);
      const tooLong = maxSide !== undefined && Math.max(sized.width, sized.height) > maxSide;
      const scaled = tooLong ? longestSideTo(sized, maxSide) : sized;
      const width = Math.min(frame.width, scaled.width);
      const height = Math.min(frame.height, scaled.height);
      const left = roundHalfEven((scaled.width - width) / 2);
      const top = roundHalfEven((scaled.height - height) / 2);
      const cut = { scaled, window: { left, top, width, height }, mirrored: false, frame };
      const counted = writeTargets(labels, cut, ids, targets);
      writePixels(image, cut, mean, pixels);
      color.set(normalization(mean, std));
      return counted;
    },
  };
}

/** A crop: `window` of the scaled image, mirrored if asked, placed at the top left of `frame`. */
interface Cut {
  readonly scaled: Size;
  readonly window: Box;
  readonly mirrored: boolean;
  readonly frame: Size;
}

/** Returns the RGB pixels of the window without padding, H×W×3. */
function writePixels(image: Picture, cut: Cut, mean: Rgb, pixels: Uint8Array): Uint8Array {
  const { scaled, window, mirrored, frame } = cut;
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  const resized = cropAndResize(image, whole, scaled.width, scaled.height, window);
  if (window.width === frame.width && window.height === frame.height) {
    writeRgb(resized, mirrored, pixels);
    return pixels;
  }
  const content = new Uint8Array(window.width * window.height * 3);
  writeRgb(resized, mirrored, content);
  const [red, green, blue] = mean.map((value) => Math.round(255 * value)) as [number, number, number];
  writeFramed(content, { ...window, left: 0, top: 0 }, frame, [red, green, blue], pixels);
  return content;
}

/** Returns the number of pixels whose class id is not 255. */
function writeTargets(
  labels: LabelMap,
  { scaled, window, mirrored, frame }: Cut,
  { classes, targetOf }: IdTargets,
  targets: Uint8Array,
): number {
  const { left, top, width, height } = window;
  const columns = nearestPositions(labels.width, scaled.width).subarray(left, left + width);
  if (mirrored) columns.reverse();
  const rows = nearestPositions(labels.height, scaled.height).subarray(top, top + height);
  if (width < frame.width || height < frame.height) targets.fill(IGNORED);
  let counted = 0;
  for (const [y, row] of rows.entries()) {
    const start = row * labels.width;
    let at = y * frame.width;
    for (const column of columns) {
      const id = labels.data[start + column] as number;
      const target = targetOf[id] as number;
      if (target < 0) throw new UnknownClassError(id, classes, column, row);
      if (target !== IGNORED) counted++;
      targets[at++] = target;
    }
  }
  return counted;
}

function checkScale([low, high]: readonly [number, number]): void {
  if (!(low > 0 && low <= high && high < Number.POSITIVE_INFINITY)) {
    throw new RangeError(
      `Expected a range of factors above 0, the smaller first, for scale but received [${low}, ${high}]`,
    );
  }
}
