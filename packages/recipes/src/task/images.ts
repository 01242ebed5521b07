/** The inputs that every step on images has. */
import { colorTransform, type Tracer, type Value } from '@inplace-abn/core';
import { type Batch, type Sides, sizeOf } from '@inplace-abn/data';

/** Images per batch and the side of their crop in pixels. */
export interface BatchShape {
  /** Images. */
  readonly batch: number;
  /** Pixels of an image: the side of a square, or height and width. */
  readonly crop: Sides;
}

/** Height and width of a crop. */
export function heightAndWidth(crop: Sides): [height: number, width: number] {
  const { height, width } = sizeOf('crop', crop);
  return [height, width];
}

/** Width by height, as in `320×224`. */
export function describeCrop(crop: Sides): string {
  const [height, width] = heightAndWidth(crop);
  return `${width}×${height}`;
}

/** uint8 images and color matrices; normalization and color augmentation happen on the device. */
export function imageInputs(tracer: Tracer, { batch, crop }: BatchShape): Value {
  const images = tracer.input('images', [batch, 3, ...heightAndWidth(crop)], 'uint8');
  const color = tracer.input('color', [batch, 12], 'float32');
  return normalized({ images, color });
}

/** uint8 images, and for each a 3×4 matrix that normalizes and augments its colors. */
export type ImageInputs = { readonly images: Value; readonly color: Value };

export function normalized({ images, color }: ImageInputs): Value {
  return images.tracer.within('input', () => colorTransform(images, color));
}

/** A batch of the loader as the arrays of those inputs. */
export function imageArrays(
  batch: Pick<Batch, 'images' | 'color'>,
  { batch: size, crop }: BatchShape,
): { images: Uint8Array; color: Float32Array } {
  const [height, width] = heightAndWidth(crop);
  return {
    images: batch.images.subarray(0, size * height * width * 3),
    color: batch.color.subarray(0, size * 12),
  };
}
