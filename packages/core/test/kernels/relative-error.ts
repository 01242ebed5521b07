import type { ReferenceTensor } from '../../src/ir/define.js';

/**
 * √(Σ(actual − wanted)² / Σ wanted²): the root mean square of the error, compared with that of the values.
 */
export function relativeError(
  actual: ReferenceTensor | undefined,
  wanted: ReferenceTensor | undefined,
): number {
  let [error, norm] = [0, 0];
  wanted?.data.forEach((value, i) => {
    error += ((actual?.data[i] ?? Number.NaN) - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(error / norm);
}
