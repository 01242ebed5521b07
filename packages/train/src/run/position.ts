/** Where a run stands. */
export interface Position {
  /** Epochs completed, their validation included. */
  readonly epoch: number;
  /** Updates made, over all epochs. */
  readonly step: number;
  /** Of these, in the epoch that is not completed. */
  readonly stepInEpoch: number;
  /** Of the task's criterion, in percent. */
  readonly best: number;
  /** The step after which it was reached; null where that is not known. */
  readonly stepOfBest: number | null;
}

export const START: Position = { epoch: 0, step: 0, stepInEpoch: 0, best: 0, stepOfBest: null };
