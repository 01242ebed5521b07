/** The inputs that every step on images has. */
import { colorTransform, type MixOperands, mixImages, type Tracer, type Value } from '@inplace-abn/core';
import { type Batch, type Sides, sizeOf } from '@inplace-abn/data';
import type { Objective } from './task.js';

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

/**
 * How the images of a batch are mixed: inputs `partners`, `lambda`, `boxes`, and the partners' labels as
 * `mixed_labels`.
 */
export interface MixInputs extends MixOperands {
  readonly labels: Value;
}

/** The inputs of a step that mixes a batch. */
export function mixInputs(
  tracer: Tracer,
  shape: BatchShape,
  { labels }: Pick<Objective, 'labels'>,
): MixInputs {
  const { batch } = shape;
  return {
    partners: tracer.input('partners', [batch], 'int32'),
    lambda: tracer.input('lambda', [batch], 'float32'),
    boxes: tracer.input('boxes', [batch, 4], 'int32'),
    labels: labels(tracer, shape, 'mixed_labels'),
  };
}

/** Normalized images, mixed. */
export function mixedImages(x: Value, mix: MixOperands): Value {
  return x.tracer.within('input', () => mixImages(x, mix));
}

/**
 * Arrays of the inputs of {@link mixInputs} for a part of a batch that begins at row 0; without pairs, each
 * image is its own partner.
 */
export function mixArrays(
  whole: Batch,
  { batch }: BatchShape,
  { labelsOf }: Pick<Objective, 'labelsOf'>,
): Record<string, Int32Array | Float32Array> {
  const { mix } = whole;
  const partners = mix?.partners.subarray(0, batch) ?? Int32Array.from({ length: batch }, (_, row) => row);
  return {
    partners,
    lambda: mix?.lambda.subarray(0, batch) ?? new Float32Array(batch).fill(1),
    boxes: mix?.boxes.subarray(0, 4 * batch) ?? new Int32Array(4 * batch),
    ...(labelsOf && { mixed_labels: labelsOf(whole, partners) }),
  };
}

/** uint8 images, and for each a 3×4 matrix that normalizes and augments its colors. */
export type ImageInputs = { readonly images: Value; readonly color: Value };

export function normalized({ images, color }: ImageInputs): Value {
  return images.tracer.within('input', () => colorTransform(images, color));
}

/** The arrays of those inputs from a loader's batch. */
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
