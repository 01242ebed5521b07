import { byteLength, elements, type TensorType } from '@inplace-abn/tensor';
import type { Cost, InferContext } from '../../ir/define.js';

/**
 * Cost of an op that reads every operand once and writes every output once.
 *
 * @param flops default: one per element of the outputs
 */
export function streamed<A>(
  { inputs }: InferContext<A>,
  outputs: readonly TensorType[],
  flops = outputs.reduce((sum, type) => sum + elements(type.shape), 0),
): Cost {
  const present = inputs.filter((type): type is TensorType => type !== null);
  const bytes = [...present, ...outputs].reduce((sum, type) => sum + byteLength(type), 0);
  return { flops, bytes };
}

/** Cost of an op that copies each element of its outputs from an operand. */
export function copied<A>(_: InferContext<A>, outputs: readonly TensorType[]): Cost {
  return { flops: 0, bytes: 2 * outputs.reduce((sum, type) => sum + byteLength(type), 0) };
}
