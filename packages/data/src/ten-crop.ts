import { normalization } from './color.js';
import { roundHalfEven, type Size, shorterSideTo } from './geometry.js';
import type { Image, Picture } from './image.js';
import { cropAndResize } from './resample.js';
import {
  checkSide,
  type EvalTransformOptions,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type Transform,
} from './transform.js';

/** Crops that `tenCropTransform` makes of each image. */
export const TEN_CROPS = 10;

/**
 * [Resize of the shorter side,] ten crops, normalisation: the corners (top left, top right, bottom left, bottom
 * right) and the centre, then the same five of the mirrored image, as torchvision's TenCrop. They come out one below
 * the other, so a batch of N images is one of 10·N crops: N·10×3×crop×crop in storage order, one colour matrix for
 * each ten. An image smaller than the crop is framed in black; then all its crops are the centre.
 */
export function tenCropTransform(options: EvalTransformOptions = {}): Transform {
  const { crop = 224, scale = 256, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  checkSide('crop', crop);
  if (scale !== -1) checkSide('scale', scale);
  const bytes = crop * crop * 3;
  return {
    spec: { kind: 'ten-crop', options },
    width: crop,
    height: TEN_CROPS * crop,
    apply(image, _random, pixels, color) {
      const scaled = resizeShorterSide(image, scale);
      const places = fiveCrops(scaled, crop);
      for (let i = 0; i < TEN_CROPS; i++) {
        const place = places[i % places.length] ?? { left: 0, top: 0 };
        const mirrored = i >= places.length;
        writeCrop(scaled, place, crop, mirrored, pixels.subarray(i * bytes, (i + 1) * bytes));
      }
      const matrix = normalization(mean, std);
      color.set(matrix);
    },
  };
}

interface Place {
  readonly left: number;
  readonly top: number;
}

/** The whole image, its shorter side resized to `target` unless that is −1. */
function resizeShorterSide(image: Picture, target: number): Image {
  const { width, height } = target === -1 ? image : shorterSideTo(image, target);
  return cropAndResize(image, { left: 0, top: 0, width: image.width, height: image.height }, width, height);
}

function fiveCrops({ width, height }: Size, crop: number): Place[] {
  const [left, right, centre] = offsets(width, crop);
  const [top, bottom, middle] = offsets(height, crop);
  return [
    { left, top },
    { left: right, top },
    { left, top: bottom },
    { left: right, top: bottom },
    { left: centre, top: middle },
  ];
}

/** Where a crop starts at the near side, the far side and in the centre; negative where the image is smaller. */
function offsets(size: number, crop: number): [near: number, far: number, centre: number] {
  const spare = size - crop;
  if (spare >= 0) return [0, spare, roundHalfEven(spare / 2)];
  const framed = -Math.floor(-spare / 2);
  return [framed, framed, framed];
}

/** Copies the square at `place`, of the image or of its mirror image, to RGB pixels; black outside the image. */
function writeCrop(
  image: Image,
  { left, top }: Place,
  crop: number,
  mirrored: boolean,
  to: Uint8Array,
): void {
  const { data, width, height, channels } = image;
  const [first, last] = [Math.max(0, -left), Math.min(crop, width - left)];
  const second = channels === 3 ? 1 : 0;
  const step = mirrored ? -channels : channels;
  if (width < crop || height < crop) to.fill(0);
  for (let y = Math.max(0, -top); y < Math.min(crop, height - top); y++) {
    const column = mirrored ? width - 1 - (left + first) : left + first;
    let from = ((top + y) * width + column) * channels;
    let at = (y * crop + first) * 3;
    for (let x = first; x < last; x++) {
      to[at] = data[from] as number;
      to[at + 1] = data[from + second] as number;
      to[at + 2] = data[from + 2 * second] as number;
      at += 3;
      from += step;
    }
  }
}
