/** What the ops that run over several processes share. */
import { ShapeError, UsageError } from '../../errors.js';
import { formatType, type TensorType } from '../../shape.js';
import type { ReferenceTensor } from '../define.js';

/** Name of the group of this process alone: nothing is sent, and no process group is needed. */
export const ALONE = '';

export type GroupAttributes = {
  /** Name of the process group; `''`: this process alone. */
  readonly group: string;
};

/** Refuses what no reduction is made for: float32 and int32 vectors are. */
export function checkReducible(type: TensorType): void {
  if (type.shape.length === 1 && (type.dtype === 'float32' || type.dtype === 'int32')) return;
  throw new ShapeError(`expected a vector of float32 or int32 but received ${formatType(type)}`);
}

/** The reference device is one process. */
export function checkAlone({ group }: GroupAttributes): void {
  if (group === ALONE) return;
  throw new UsageError(`the reference device cannot reach the other processes of group ${group}`);
}

export function copyTensor(from: ReferenceTensor, to: ReferenceTensor): void {
  to.data.set(from.data);
}
