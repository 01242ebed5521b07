/** Sums and means over axes. */
import { dim, elements, type Shape, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { emitSum } from './elementwise.js';
import { reshape } from './reshape.js';
import { aligned, broadcastAxes } from './support/broadcast.js';

export interface SumOptions {
  /** Keep summed axes with size 1, as PyTorch's keepdim; default false. */
  readonly keep?: boolean;
}

/** Every axis, for sums over all elements. */
const allAxes = ({ shape }: Value): number[] => shape.map((_, axis) => axis);

/**
 * Sums over `axes` (negative ones count from the last; all when left out), as torch.sum, in float32 whatever the dtype of x.
 * Of images [N,C,H,W], [0,2,3] gives [C], [2,3] gives [N,C], [0] gives [C,H,W]; without axes the result is a scalar []. The
 * same bits on any number of threads. Throws ShapeError for axes that x does not have.
 */
export function sum(x: Value, axes: readonly number[] = allAxes(x), options: SumOptions = {}): Value {
  return reduced(x, axes, 1, options);
}

/** Means over `axes`, as torch.mean: {@link sum} by the number of elements. */
export function mean(x: Value, axes: readonly number[] = allAxes(x), options: SumOptions = {}): Value {
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

function reduced(x: Value, axes: readonly number[], divisor: number, { keep = false }: SumOptions): Value {
  const summed = new Set(wholeAxes(x, axes));
  const kept = x.shape.map((size, axis) => (summed.has(axis) ? 1 : size));
  const left = keep ? kept : x.shape.filter((_, axis) => !summed.has(axis));
  // What a sum leaves without moving anything; else the axes are dropped behind it.
  const direct = [left, kept].find((shape) => leaves(shape, kept, x.shape)) ?? kept;
  const result = emitSum(operand(0), () => x, { shape: direct, divisor });
  return sameShape(direct, left) ? result : reshape(result, left);
}

/** Whether a value of `shape` stands, as operands do, for what is `kept` of `domain`. */
function leaves(shape: Shape, kept: Shape, domain: Shape): boolean {
  return (
    sameShape(aligned(shape, domain.length), kept) &&
    broadcastAxes(shape, domain).length === broadcastAxes(kept, domain).length
  );
}
