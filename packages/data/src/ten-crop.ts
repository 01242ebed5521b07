import { normalization } from './color.js';
import { roundHalfEven, type Size, sizeOf } from './geometry.js';
import type { Image } from './image/image.js';
import {
  checkScale,
  type EvalTransformOptions,
  IMAGENET_MEAN,
  IMAGENET_STD,
  resized,
  type Transform,
} from './transform.js';

/** Crops per image of `tenCropTransform`. */
export const TEN_CROPS = 10;

/**
 * [Resize of the shorter side,] ten crops, normalization, like torchvision's TenCrop: the four corners (top
 * left, top right, bottom left, bottom right) and the center, then the same five of the mirrored image. The
 * crops are stacked vertically, so a batch of N images is a batch of 10·N crops: N·10×H×W×3 in storage order,
 * with one color matrix per ten. An image smaller than the crop is padded with black; then all its crops are
 * the center crop.
 *
 * @throws RangeError for an option out of range
 */
export function tenCropTransform(options: EvalTransformOptions = {}): Transform {
  const { crop = 224, scale = 256, mean = IMAGENET_MEAN, std = IMAGENET_STD } = options;
  const frame = sizeOf('crop', crop);
  checkScale(scale);
  const bytes = frame.height * frame.width * 3;
  return {
    spec: { kind: 'ten-crop', options },
    width: frame.width,
    height: TEN_CROPS * frame.height,
    apply(image, _random, pixels, color) {
      const scaled = resized(image, scale);
      const places = fiveCrops(scaled, frame);
      for (let i = 0; i < TEN_CROPS; i++) {
        const place = places[i % places.length] ?? { left: 0, top: 0 };
        const mirrored = i >= places.length;
        writeCrop(scaled, place, frame, mirrored, pixels.subarray(i * bytes, (i + 1) * bytes));
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

function fiveCrops({ width, height }: Size, crop: Size): Place[] {
  const [left, right, center] = offsets(width, crop.width);
  const [top, bottom, middle] = offsets(height, crop.height);
  return [
    { left, top },
    { left: right, top },
    { left, top: bottom },
    { left: right, top: bottom },
    { left: center, top: middle },
  ];
}

/** Offsets of the crops at the near side, the far side and the center; negative if the image is smaller. */
function offsets(size: number, crop: number): [near: number, far: number, center: number] {
  const spare = size - crop;
  if (spare >= 0) return [0, spare, roundHalfEven(spare / 2)];
  const framed = -Math.floor(-spare / 2);
  return [framed, framed, framed];
}

/** Copies the crop at `place` of the image, or of its mirror image, as RGB; black outside the image. */
function writeCrop(image: Image, { left, top }: Place, crop: Size, mirrored: boolean, to: Uint8Array): void {
  const { data, width, height, channels } = image;
  const [first, last] = [Math.max(0, -left), Math.min(crop.width, width - left)];
  const second = channels === 3 ? 1 : 0;
  const step = mirrored ? -channels : channels;
  if (width < crop.width || height < crop.height) to.fill(0);
  for (let y = Math.max(0, -top); y < Math.min(crop.height, height - top); y++) {
    const column = mirrored ? width - 1 - (left + first) : left + first;
    let from = ((top + y) * width + column) * channels;
    let at = (y * crop.width + first) * 3;
    for (let x = first; x < last; x++) {
      to[at] = data[from] as number;
      to[at + 1] = data[from + second] as number;
      to[at + 2] = data[from + 2 * second] as number;
      at += 3;
      from += step;
    }
  }
}
