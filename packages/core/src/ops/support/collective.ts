/** Shared by the collective ops. */

import { formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError, UsageError } from '../../errors.js';
import { type InferContext, KEEPS_NOTHING, type ReferenceContext } from '../../ir/define.js';
import { streamed } from './cost.js';

/**
 * Name of the group that contains this process alone. It needs no process group and sends nothing. A step
 * traced for several processes can run in it too, as if its peers had no samples.
 */
export const ALONE = '';

export type GroupAttributes = {
  /** Name of the process group; `''` for this process alone. */
  readonly group: string;
};

/** Throws ShapeError unless the operand is a float32 or int32 vector. */
export function checkReducible(type: TensorType): void {
  if (type.shape.length === 1 && (type.dtype === 'float32' || type.dtype === 'int32')) return;
  throw new ShapeError(`expected a vector of float32 or int32 but received ${formatType(type)}`);
}

/** The reference device is a single process, so it supports only groups of one. */
export function ofThisProcess({ attrs, input, output }: ReferenceContext<GroupAttributes>): void {
  if (attrs.group !== ALONE) {
    throw new UsageError(`the reference device cannot reach the other processes of group ${attrs.group}`);
  }
  output(0).data.set(input(0).data);
}

/** Rules of collectives whose result has the operand's type and may overwrite the operand. */
export const SAME_TYPE = {
  infer({ input }: InferContext<GroupAttributes>): TensorType[] {
    checkReducible(input(0));
    return [input(0)];
  },
  gradient: null,
  overwrites: [{ output: 0, input: 0 }],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  cost: streamed,
  reference: ofThisProcess,
  peerKeeps: KEEPS_NOTHING,
} as const;
