/**
 * Broadcasting. Shapes align at their first axis: N, C, S1, …. Missing trailing axes have size 1, a vector
 * [C] has one value per channel, and a scalar broadcasts everywhere. Sizes along an axis must be equal or 1.
 */
import { elements, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** An operand's sizes along the axes of a result with rank `rank`. */
export function aligned(shape: Shape, rank: number): number[] {
  const along = new Array<number>(rank).fill(1);
  if (shape.length === 1 && rank > 1) along[1] = shape[0] ?? 1;
  else along.splice(0, shape.length, ...shape);
  return along;
}

/**
 * The common broadcast shape.
 *
 * @throws ShapeError if sizes differ along an axis and neither is 1
 */
export function broadcastShape(shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    aligned(shape, rank).forEach((size, axis) => {
      const known = result[axis] ?? 1;
      if (size !== 1 && known !== 1 && size !== known) {
        const listed = shapes.map((each) => `[${each.join(',')}]`).join(' and ');
        throw new ShapeError(
          `${listed} cannot be broadcast along axis ${axis}: sizes must be equal or 1, shapes align at the first axis (N, C, …), and a vector [C] lies along the channels`,
        );
      }
      if (size !== 1) result[axis] = size;
    });
  }
  return result;
}

/** Axes in storage order, slowest first: channels last. */
function storageAxes(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank > 2 ? [0, ...axes.slice(2), 1] : axes;
}

/** Per axis of `domain`, the operand's stride in elements; 0 where it is broadcast. */
function strides(shape: Shape, domain: Shape): number[] {
  const own = aligned(shape, domain.length);
  const result = new Array<number>(domain.length).fill(0);
  let stride = 1;
  for (const axis of storageAxes(domain.length).reverse()) {
    const size = own[axis] ?? 1;
    if (size !== 1) result[axis] = stride;
    stride *= size;
  }
  return result;
}

/**
 * Calls body(offsets) for every element of `domain` in storage order, with the storage index of each
 * operand's element.
 */
export function forEachElement(
  domain: Shape,
  shapes: readonly Shape[],
  body: (offsets: readonly number[]) => void,
): void {
  const axes = storageAxes(domain.length);
  const steps = shapes.map((shape) => strides(shape, domain));
  const place = new Array<number>(domain.length).fill(0);
  const offsets = new Array<number>(shapes.length).fill(0);
  const move = (axis: number, by: number) => {
    place[axis] = (place[axis] ?? 0) + by;
    for (let i = 0; i < offsets.length; i++) offsets[i] = (offsets[i] ?? 0) + by * (steps[i]?.[axis] ?? 0);
  };
  for (let count = elements(domain); count > 0; count--) {
    body(offsets);
    for (const axis of [...axes].reverse()) {
      move(axis, 1);
      if ((place[axis] ?? 0) < (domain[axis] ?? 1)) break;
      move(axis, -(domain[axis] ?? 1));
    }
  }
}

/** Axes of `domain` along which a value of `shape` is broadcast. */
export function broadcastAxes(shape: Shape, domain: Shape): number[] {
  const own = aligned(shape, domain.length);
  return domain.flatMap((size, axis) => (own[axis] === 1 && size !== 1 ? [axis] : []));
}

/** True if a value of `shape` has one element per element of `domain`. */
export function fills(shape: Shape, domain: Shape): boolean {
  return sameShape(aligned(shape, domain.length), domain);
}

/**
 * True if a kernel can sum `domain` to `shape` in one pass: in storage order, kept slow axes, then summed
 * axes, then kept fast axes.
 */
export function summable(shape: Shape, domain: Shape): boolean {
  const summed = new Set(broadcastAxes(shape, domain));
  const flags = storageAxes(domain.length)
    .filter((axis) => domain[axis] !== 1)
    .map((axis) => summed.has(axis));
  return flags.every((flag, i) => !flag || flags.slice(flags.indexOf(true), i).every((each) => each));
}

/** The results of the single-pass sums that lead from `domain` to `shape`, in order; the last is `shape`. */
export function sumSteps(shape: Shape, domain: Shape): Shape[] {
  if (summable(shape, domain)) return [shape];
  const summed = new Set(broadcastAxes(shape, domain));
  const axes = storageAxes(domain.length).filter((axis) => domain[axis] !== 1);
  // Fastest axes first, so that the remainder is read in order.
  const end = axes.findLastIndex((axis) => summed.has(axis));
  const begin = axes.slice(0, end).findLastIndex((axis) => !summed.has(axis)) + 1;
  const run = new Set(axes.slice(begin, end + 1));
  const next = domain.map((size, axis) => (run.has(axis) ? 1 : size));
  return [next, ...sumSteps(shape, next)];
}
