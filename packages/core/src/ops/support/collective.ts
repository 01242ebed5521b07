/** What the ops that run over several processes share. */

import { formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError, UsageError } from '../../errors.js';
import { type InferContext, KEEPS_NOTHING, PURE, type ReferenceContext } from '../../ir/define.js';
import { streamed } from './cost.js';

/** Name of the group of this process alone: nothing is sent, and no process group is needed. */
export const ALONE = '';

export type GroupAttributes = {
  /** Name of the process group; `''`: this process alone. */
  readonly group: string;
};

/** Refuses what no exchange is made for: float32 and int32 vectors are. */
export function checkReducible(type: TensorType): void {
  if (type.shape.length === 1 && (type.dtype === 'float32' || type.dtype === 'int32')) return;
  throw new ShapeError(`expected a vector of float32 or int32 but received ${formatType(type)}`);
}

/** The reference device is one process: what it has is what all have. */
export function ofThisProcess({ attrs, input, output }: ReferenceContext<GroupAttributes>): void {
  if (attrs.group !== ALONE) {
    throw new UsageError(`the reference device cannot reach the other processes of group ${attrs.group}`);
  }
  output(0).data.set(input(0).data);
}

/** What exchanges have in common whose result is of their operand's type, and may take its memory. */
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
  effects: { ...PURE, collective: true },
  cost: streamed,
  reference: ofThisProcess,
  peerKeeps: KEEPS_NOTHING,
} as const;
