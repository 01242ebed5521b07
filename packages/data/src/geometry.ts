// torchvision's crop and resize geometry, with the same rounding, so that the same pixels are read.

import type { Box } from './image/image.js';
import type { Random } from './random.js';

/** Width and height in pixels. */
export interface Size {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** The side of a square, or a pair of height and width, in pixels. */
export type Sides = number | readonly [height: number, width: number];

/** The size in pixels. @throws RangeError with `name` unless both sides are positive integers */
export function sizeOf(name: string, sides: Sides): Size {
  const [height, width] = typeof sides === 'number' ? [sides, sides] : sides;
  checkSide(name, height);
  checkSide(name, width);
  return { width, height };
}

export function checkSide(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`Expected a whole number of pixels above 0 for ${name} but received ${value}`);
  }
}

/** Rounds half to even, like Python's `round`. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Scales the shorter side to `target` and keeps the aspect ratio; the longer side is truncated. */
export function shorterSideTo({ width, height }: Size, target: number): Size {
  if (width <= height) return { width: target, height: Math.trunc((target * height) / width) };
  return { width: Math.trunc((target * width) / height), height: target };
}

/**
 * The output size of torchvision's Resize: a number sets the shorter side, a pair both; −1 keeps the size.
 */
export function resizedTo(size: Size, scale: Sides): Size {
  if (typeof scale === 'number') return scale === -1 ? size : shorterSideTo(size, scale);
  const [height, width] = scale;
  return { width, height };
}

/** Multiplies both sides by `factor`, truncated, at least one pixel each. */
export function scaledBy({ width, height }: Size, factor: number): Size {
  const side = (length: number) => Math.max(Math.trunc(length * factor), 1);
  return { width: side(width), height: side(height) };
}

/** Scales the longer side to `target`, up or down, with one float64 factor for both sides. */
export function longestSideTo(size: Size, target: number): Size {
  return scaledBy(size, target / Math.max(size.width, size.height));
}

/** The centered crop box. Its offsets are negative if the image is smaller than the crop. */
export function centerBox({ width, height }: Size, crop: Size): Box {
  const offset = (size: number, side: number) =>
    size >= side ? roundHalfEven((size - side) / 2) : -Math.floor((side - size) / 2);
  return { ...crop, left: offset(width, crop.width), top: offset(height, crop.height) };
}

/**
 * Draws the box of RandomResizedCrop: an area share uniform in `area` and a log-uniform aspect ratio in
 * `aspect`. After ten failed tries it falls back to the largest centered box with an allowed aspect ratio.
 */
export function randomCropBox(
  { width, height }: Size,
  random: Random,
  area: readonly [number, number],
  aspect: readonly [number, number],
): Box {
  const logLow = Math.log(aspect[0]);
  const logHigh = Math.log(aspect[1]);
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = width * height * random.uniform(area[0], area[1]);
    const ratio = Math.exp(random.uniform(logLow, logHigh));
    const w = roundHalfEven(Math.sqrt(target * ratio));
    const h = roundHalfEven(Math.sqrt(target / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = random.below(height - h + 1);
      const left = random.below(width - w + 1);
      return { left, top, width: w, height: h };
    }
  }
  return largestCenteredBox({ width, height }, aspect);
}

function largestCenteredBox({ width, height }: Size, aspect: readonly [number, number]): Box {
  let w = width;
  let h = height;
  if (width / height < aspect[0]) h = Math.max(roundHalfEven(width / aspect[0]), 1);
  else if (width / height > aspect[1]) w = Math.max(roundHalfEven(height * aspect[1]), 1);
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}
