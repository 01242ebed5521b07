/** Row dependencies of outputs on operands, shared by several ops. */
import { dim } from '@inplace-abn/tensor';
import type { RowWindow } from '../../ir/define.js';
import type { Window } from './window.js';

/** Row r depends on row r only. */
export const SAME_ROW: RowWindow = { kernel: 1, stride: 1, padding: 0, dilation: 1 };

/** Row dependencies of a sliding window. */
export function rowsOf({ kernel, stride, padding, dilation }: Window): RowWindow {
  return {
    kernel: dim(kernel, 0),
    stride: dim(stride, 0),
    padding: dim(padding, 0),
    dilation: dim(dilation, 0),
  };
}
