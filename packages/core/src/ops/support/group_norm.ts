/** Shared by group normalization and its backward: shape rules and iteration over channels and groups. */
import { channels, dim, elements, formatType, rows, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** Throws ShapeError if x has no channels or the groups do not divide them. */
export function checkGroups(x: TensorType, groups: number): void {
  if (x.shape.length < 2) {
    throw new ShapeError(`expected rank 2 or more (N×C×…) but received ${formatType(x)}`);
  }
  if (!Number.isInteger(groups) || groups < 1 || channels(x.shape) % groups !== 0) {
    throw new ShapeError(
      `${groups} groups do not divide the ${channels(x.shape)} channels of ${formatType(x)}`,
    );
  }
}

/** Throws ShapeError unless the vector has one element per channel of `x`. */
export function checkVector(x: TensorType, vector: TensorType | null | undefined, name: string): void {
  if (!vector || (vector.shape.length === 1 && elements(vector.shape) === channels(x.shape))) return;
  throw new ShapeError(`expected [${channels(x.shape)}] for ${name} but received ${formatType(vector)}`);
}

/** float32[N, groups]: one number per group and image. */
export function groupVector(x: TensorType, groups: number): TensorType {
  return { shape: [dim(x.shape, 0), groups], dtype: 'float32' };
}

/** Elements per group of one image. */
export function groupSize(shape: Shape, groups: number): number {
  return dim(shape, 0) === 0 ? 0 : elements(shape) / (dim(shape, 0) * groups);
}

/** Calls `visit` for every element with its storage index, group (over all images) and channel. */
export function forEachInGroups(
  shape: Shape,
  groups: number,
  visit: (index: number, group: number, channel: number) => void,
): void {
  const [width, images] = [channels(shape), dim(shape, 0)];
  const area = images === 0 ? 0 : rows(shape) / images;
  for (let index = 0; index < elements(shape); index++) {
    const [row, c] = [Math.floor(index / width), index % width];
    visit(index, Math.floor(row / area) * groups + Math.floor((c * groups) / width), c);
  }
}
