/**
 * Operands of different shapes side by side. Axes are counted from the first: N, C, S1, …; axes that an operand lacks at the
 * end are 1, a vector [C] has a value for each channel, and a scalar is the same everywhere. Along each axis sizes are equal
 * or 1.
 */
import { elements, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';

/** The sizes of an operand along the axes of a result of rank `rank`. */
export function aligned(shape: Shape, rank: number): number[] {
  const along = new Array<number>(rank).fill(1);
  if (shape.length === 1 && rank > 1) along[1] = shape[0] ?? 1;
  else along.splice(0, shape.length, ...shape);
  return along;
}

/** The shape that all are broadcast to; throws ShapeError where there is none. */
export function broadcastShape(shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    aligned(shape, rank).forEach((size, axis) => {
      const known = result[axis] ?? 1;
      if (size !== 1 && known !== 1 && size !== known) {
        const listed = shapes.map((each) => `[${each.join(',')}]`).join(' and ');
        throw new ShapeError(
          `${listed} do not fit together along axis ${axis}: sizes are equal or 1, axes are counted from the first (N, C, …), and a vector [C] goes along the channels`,
        );
      }
      if (size !== 1) result[axis] = size;
    });
  }
  return result;
}

/** Axes of a shape in the order of storage, the slowest first: channels last. */
function storageAxes(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return rank > 2 ? [0, ...axes.slice(2), 1] : axes;
}

/** For each axis of `domain`, how many elements apart an operand's neighbors along it are stored; 0 where it is broadcast. */
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

/** body(offsets) for every element of `domain` in its order of storage: where each operand's element is stored. */
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

/** Whether a value of `shape` has a number of its own for each element of `domain`. */
export function fills(shape: Shape, domain: Shape): boolean {
  return sameShape(aligned(shape, domain.length), domain);
}

/**
 * Whether what is left of `domain` by summing to `shape` is, in storage, some slow axes, then those that are summed, then some
 * fast axes: the sums that a kernel takes in one pass.
 */
export function summable(shape: Shape, domain: Shape): boolean {
  const summed = new Set(broadcastAxes(shape, domain));
  const flags = storageAxes(domain.length)
    .filter((axis) => domain[axis] !== 1)
    .map((axis) => summed.has(axis));
  return flags.every((flag, i) => !flag || flags.slice(flags.indexOf(true), i).every((each) => each));
}

/** The shapes on the way from `domain` to `shape` by sums that a kernel takes in one pass each; the last is `shape`. */
export function sumSteps(shape: Shape, domain: Shape): Shape[] {
  if (summable(shape, domain)) return [shape];
  const summed = new Set(broadcastAxes(shape, domain));
  const axes = storageAxes(domain.length).filter((axis) => domain[axis] !== 1);
  // The fastest axes first: what is left is read in order.
  const end = axes.findLastIndex((axis) => summed.has(axis));
  const begin = axes.slice(0, end).findLastIndex((axis) => !summed.has(axis)) + 1;
  const run = new Set(axes.slice(begin, end + 1));
  const next = domain.map((size, axis) => (run.has(axis) ? 1 : size));
  return [next, ...sumSteps(shape, next)];
}
