import type { Improvement } from '@inplace-abn/session';

/** The position of a run; `resultToBeat` and `sinceBest` count epochs for early stopping. */
export interface Position extends Improvement {
  /** Completed epochs, including their validation. */
  readonly epoch: number;
  /** Updates made, over all epochs. */
  readonly step: number;
  /** Updates made in the unfinished epoch. */
  readonly stepInEpoch: number;
  /** Best value of the task's criterion, in percent. */
  readonly best: number;
  /** The step after which it was reached; null if unknown. */
  readonly stepOfBest: number | null;
}

/** Position of a run that has not begun. */
export const START: Position = {
  epoch: 0,
  step: 0,
  stepInEpoch: 0,
  best: 0,
  stepOfBest: null,
  resultToBeat: null,
  sinceBest: 0,
};
