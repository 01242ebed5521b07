import { byteLength, elements, type TensorType } from '@inplace-abn/tensor';
import type { Cost, InferContext } from '../../ir/define.js';

/**
 * Cost of an op that reads every operand once and writes every output once, with a few operations per
 * element.
 */
export function streamed<A>({ inputs }: InferContext<A>, outputs: readonly TensorType[]): Cost {
  const present = inputs.filter((type): type is TensorType => type !== null);
  const bytes = [...present, ...outputs].reduce((sum, type) => sum + byteLength(type), 0);
  const flops = outputs.reduce((sum, type) => sum + elements(type.shape), 0);
  return { flops, bytes };
}
