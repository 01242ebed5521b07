/** Sums and means over axes. */
import { dim, elements, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { emitSum } from './elementwise.js';
import { reshape } from './reshape.js';
import { aligned, broadcastAxes } from './support/broadcast.js';

/** Options of {@link sum} and {@link mean}. */
export interface SumOptions {
  /** Keep summed axes with size 1, like PyTorch's keepdim; default false. */
  readonly keep?: boolean;
}

/** All axes, for sums over every element. */
const allAxes = ({ shape }: Value): number[] => shape.map((_, axis) => axis);

/**
 * Sums x over `axes` (negative axes count from the last; default all), like torch.sum but always in float32.
 * For images [N,C,H,W], axes [0,2,3] give [C], [2,3] give [N,C], [0] gives [C,H,W]; all axes give a scalar
 * []. The result is bit-identical for any number of threads.
 *
 * @throws ShapeError if x does not have one of the axes
 */
export function sum(
  x: Value,
  axes: readonly number[] = allAxes(x),
  options: SumOptions = {},
): Value<'float32'> {
  return reduced(x, axes, 1, options);
}

/**
 * Mean over `axes`, like torch.mean: {@link sum} divided by the number of elements.
 *
 * @throws ShapeError if x does not have one of the axes
 */
export function mean(
  x: Value,
  axes: readonly number[] = allAxes(x),
  options: SumOptions = {},
): Value<'float32'> {
  const count = elements(wholeAxes(x, axes).map((axis) => dim(x.shape, axis)));
  return reduced(x, axes, count, options);
}

function wholeAxes({ shape }: Value, axes: readonly number[]): number[] {
  return axes.map((axis) => {
    const own = axis < 0 ? axis + shape.length : axis;
    if (Number.isInteger(own) && own >= 0 && own < shape.length) return own;
    throw new ShapeError(`[${shape.join(',')}] has no axis ${axis}`);
  });
}

function reduced(
  x: Value,
  axes: readonly number[],
  divisor: number,
  { keep = false }: SumOptions,
): Value<'float32'> {
  const summed = new Set(wholeAxes(x, axes));
  const kept = x.shape.map((size, axis) => (summed.has(axis) ? 1 : size));
  const left = keep ? kept : x.shape.filter((_, axis) => !summed.has(axis));
  // Sum to the final shape if alignment allows it; otherwise keep the axes, and drop them afterwards.
  const direct = [left, kept].find((shape) => leaves(shape, kept, x.shape)) ?? kept;
  const result = emitSum(operand(0), () => x, { shape: direct, divisor });
  return sameShape(direct, left) ? result : reshape(result, left);
}

/** True if a result of `shape` aligns with `domain` like `kept` does, so that a sum can write it directly. */
function leaves(shape: Shape, kept: Shape, domain: Shape): boolean {
  return (
    sameShape(aligned(shape, domain.length), kept) &&
    broadcastAxes(shape, domain).length === broadcastAxes(kept, domain).length
  );
}
