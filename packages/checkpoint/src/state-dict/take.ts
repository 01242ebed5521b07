import { CheckpointError } from '../errors.js';
import { type TensorData, type TensorMap, type TensorSpec, zeros } from '../tensor-data.js';
import { formatDifference, isEmptyDifference, matchStateDict, mayBeMissing } from './match.js';

/**
 * The tensors that a network expects, in its order, taken from those of a file: all of them, or none and an error.
 * Missing `num_batches_tracked` are 0. Nothing is copied.
 *
 * @param expected names, shapes and dtypes of the network
 * @param found the tensors of the file
 * @param source what to call the file in the error
 * @throws CheckpointError with every difference on a line of its own
 */
export function takeStateDict(
  expected: ReadonlyMap<string, TensorSpec>,
  found: TensorMap,
  source: string,
): Map<string, TensorData> {
  const difference = matchStateDict(expected, found);
  if (!isEmptyDifference(difference)) {
    throw new CheckpointError(
      `The state dictionary in ${source} does not fit the network:\n${formatDifference(difference)}`,
    );
  }
  const taken = new Map<string, TensorData>();
  for (const [name, spec] of expected) {
    const tensor = found.get(name) ?? (mayBeMissing(name) ? zeros(spec) : undefined);
    if (tensor) taken.set(name, tensor);
  }
  return taken;
}
