import { checkOptionNames } from '@inplace-abn/core';
import type { FitCallback } from './fit.js';
import { type Improvement, improved } from './improvement.js';
import { refuse } from './kinds.js';

/** Options of {@link earlyStopping}. */
export interface EarlyStoppingOptions<M extends string = string> {
  /** Epochs without a better result after which the training ends. */
  readonly patience: number;
  /**
   * A result is better only if it exceeds the last one that was better by more than this, as in Keras and
   * Lightning. Default 0.
   */
  readonly minDelta?: number;
  /** The metric of the validation that decides, larger is better. Default: its loss; smaller is better. */
  readonly metric?: M;
}

/**
 * A callback of `fit` that ends the training after `patience` epochs in a row without a better validation. An
 * epoch without a validation does not count. The best result is not saved: a resumed training starts to wait
 * again.
 *
 * @throws UsageError, code ERR_OPTION_VALUE, for a patience below 1 or a negative difference
 */
export function earlyStopping<M extends string = string>(options: EarlyStoppingOptions<M>): FitCallback<M> {
  checkOptionNames('earlyStopping', options, ['patience', 'minDelta', 'metric']);
  const { patience, minDelta = 0, metric } = options;
  if (!(Number.isInteger(patience) && patience >= 1)) {
    refuse('earlyStopping: patience', 'an integer of at least 1', patience);
  }
  if (!(minDelta >= 0)) refuse('earlyStopping: minDelta', 'a number of at least 0', minDelta);
  let far: Improvement = { resultToBeat: null, sinceBest: 0 };
  return {
    onEpoch({ validation }, stop) {
      if (!validation) return;
      const result = metric === undefined ? -validation.loss : validation.metrics[metric];
      if (result === undefined) refuse('earlyStopping: metric', 'a metric of the session', metric);
      far = improved(far, result, minDelta);
      if (far.sinceBest >= patience) stop();
    },
  };
}
