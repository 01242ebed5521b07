/** Shared by the optimizer updates. */

import { dim, elements, formatType, sameShape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import type { Cost, InferContext, PartialUpdate } from '../../ir/define.js';
import { streamed } from './cost.js';

/** Offset of the gradient in the parameter along its first axis; 0 if the gradient is whole. */
export type UpdateAttributes = { readonly begin: number };

/** The gradient is operand 1 of every update. */
const GRAD = 1;

/** The rule that splits an update along the first axis of its gradient. */
export function partialUpdate<A extends UpdateAttributes>(): PartialUpdate<A> {
  return { operand: GRAD, at: (attrs, begin) => ({ ...attrs, begin }) };
}

/**
 * Throws ShapeError if a state differs from the parameter in shape, if the gradient does not fit the
 * parameter at `begin`, or if a scalar operand is not a scalar.
 */
export function checkUpdate(
  { attrs: { begin }, input }: InferContext<UpdateAttributes>,
  states: readonly (TensorType | null)[],
  scalars: readonly (TensorType | null)[],
): void {
  const [param, grad] = [input(0), input(GRAD)];
  const whole = sameShape(grad.shape, param.shape) && begin === 0;
  if (!whole && !isPart(grad, param, begin)) {
    throw new ShapeError(
      `expected the shape of the parameter ${formatType(param)}, or of a part that starts at ${begin}, but received ${formatType(grad)}`,
    );
  }
  for (const state of states) {
    if (state && !sameShape(state.shape, param.shape)) {
      throw new ShapeError(
        `expected the shape of the parameter ${formatType(param)} but received ${formatType(state)}`,
      );
    }
  }
  for (const scalar of scalars) {
    if (scalar && elements(scalar.shape) !== 1)
      throw new ShapeError(`expected a scalar but received ${formatType(scalar)}`);
  }
}

function isPart(grad: TensorType, param: TensorType, begin: number): boolean {
  if (grad.shape.length !== param.shape.length || param.shape.length === 0) return false;
  const fits = begin >= 0 && Number.isInteger(begin) && begin + dim(grad.shape, 0) <= dim(param.shape, 0);
  return fits && sameShape(grad.shape.slice(1), param.shape.slice(1));
}

/** `flops` per element of the gradient. */
export function updateCost(
  context: InferContext<UpdateAttributes>,
  outputs: readonly TensorType[],
  flops: number,
): Cost {
  const [param, grad] = [context.input(0), context.input(GRAD)];
  const share = elements(grad.shape) / Math.max(1, elements(param.shape));
  return { flops: flops * elements(grad.shape), bytes: share * streamed(context, outputs).bytes };
}

/** Index of the first parameter element that the gradient covers. */
export function firstUpdated({
  attrs: { begin },
  input,
}: Pick<InferContext<UpdateAttributes>, 'attrs' | 'input'>): number {
  const { shape } = input(0);
  return begin === 0 ? 0 : begin * (elements(shape) / dim(shape, 0));
}
