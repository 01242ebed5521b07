/** The averages of a session's weights. */
import type { TensorStream } from '@inplace-abn/checkpoint';
import { type Store, UsageError } from '@inplace-abn/core';
import { AVERAGED, type AverageOptions, optimizerStateName } from '@inplace-abn/optim';
import { statesIn } from './states.js';

/** Parameters and buffers by name, as their averages; counts of batches unchanged. */
export function averagesIn(store: Store): Map<string, TensorStream> {
  const averages = statesIn(store, 'optimizer');
  return new Map(
    [...statesIn(store, 'parameter', 'buffer')].map(([name, own]) => [
      name,
      averages.get(optimizerStateName(name, AVERAGED)) ?? own,
    ]),
  );
}

/** Throws UsageError if a session has no averages, or none yet. */
export function checkAveraged(method: string, average: AverageOptions | undefined, updates: number): void {
  if (average && updates >= (average.every ?? 1)) return;
  if (!average) {
    throw new UsageError(`${method} of averages needs a Session with the option average`, {
      code: 'ERR_MISSING_OPTION',
    });
  }
  throw new UsageError(
    `${method}: the average starts at update ${average.every ?? 1}, but only ${updates} have run: train first`,
  );
}
