/** Helpers of the reference kernels. */
import type { ReferenceTensor } from '../../ir/define.js';

/** Element `index` in storage order. Throws RangeError outside the tensor. */
export function at(tensor: ReferenceTensor, index: number): number {
  const value = tensor.data[index];
  if (value === undefined) throw new RangeError(`no element ${index} in a tensor of ${tensor.data.length}`);
  return value;
}

/** Adds to element `index` in storage order. */
export function addAt(tensor: ReferenceTensor, index: number, term: number): void {
  tensor.data[index] = at(tensor, index) + term;
}
