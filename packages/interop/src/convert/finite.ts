import { asFloat32, isConvertible, piecesOf, type TensorContents } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';

/**
 * Reads every weight of a file once. A conversion would carry NaN and infinities into the new file without a
 * word.
 *
 * @param source name of the file
 * @throws UsageError, code ERR_NOT_FINITE_WEIGHTS, with the first tensor that holds such numbers and how many
 * there are
 */
export async function checkFinite(tensors: TensorContents, source: string): Promise<void> {
  const bad: { name: string; count: number; of: number }[] = [];
  for (const [name, tensor] of tensors) {
    // A count that was converted with the weights is none of them.
    if (!isConvertible(tensor.dtype, 'float32') || name.endsWith('num_batches_tracked')) continue;
    let [count, of] = [0, 0];
    const floats = tensor.dtype === 'float32' ? tensor : asFloat32(tensor);
    for await (const piece of piecesOf(name, floats)) {
      const numbers = new Float32Array(piece.slice().buffer);
      of += numbers.length;
      for (const value of numbers) if (!Number.isFinite(value)) count++;
    }
    if (count > 0) bad.push({ name, count, of });
  }
  const [first, ...more] = bad;
  if (!first) return;
  const others = more.length > 0 ? `, and in ${more.length} more tensors` : '';
  throw new UsageError(
    `${source} holds NaN or infinity: ${first.count} of ${first.of} in ${first.name}${others}; take a checkpoint ` +
      'from before they appeared',
    { code: 'ERR_NOT_FINITE_WEIGHTS' },
  );
}
