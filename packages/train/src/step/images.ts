/** The inputs that every step on images has. */
import { colorTransform, type Tracer, type Value } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';

export interface BatchShape {
  /** Images. */
  readonly batch: number;
  /** Side of the square crop in pixels. */
  readonly crop: number;
}

/** uint8 images and colour matrices; normalisation and colour augmentation happen on the device. */
export function imageInputs(tracer: Tracer, { batch, crop }: BatchShape): Value {
  const images = tracer.input('images', [batch, 3, crop, crop], 'uint8');
  const color = tracer.input('color', [batch, 12], 'float32');
  return tracer.within('input', () => colorTransform(images, color));
}

/** A batch of the loader as the arrays of those inputs. */
export function imageArrays(
  batch: Pick<Batch, 'images' | 'color'>,
  { batch: size, crop }: BatchShape,
): { images: Uint8Array; color: Float32Array } {
  return {
    images: batch.images.subarray(0, size * crop * crop * 3),
    color: batch.color.subarray(0, size * 12),
  };
}
