/** What the optimiser updates share. */
import { ShapeError } from '../../errors.js';
import { elements, formatType, sameShape, type TensorType } from '../../shape.js';

/** Refuses states that differ from the parameter in shape, and scalars that are none. */
export function checkUpdate(
  param: TensorType,
  states: readonly (TensorType | null)[],
  scalars: readonly (TensorType | null)[],
): void {
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
