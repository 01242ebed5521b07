/** Records a run as it progresses. */
import type { Metrics } from '../meters/metrics.js';
import type { Position } from './position.js';
import type { Validation } from './validate.js';

/** A completed training step. */
export interface StepRecord {
  readonly loss: number;
  readonly metrics: Metrics;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly waitShare: number;
}

export interface Recorder {
  /** The run's last validation; null if there is none or this process does not record any. */
  lastValidation(): Promise<Validation | null>;
  step(position: Position, record: StepRecord): void;
  validation(position: Position, epoch: number, validation: Validation): void;
  /** Saves in the middle of an epoch: everything that an exact resume needs. */
  saveStep(position: Position): Promise<void>;
  /** Saves after an epoch: the same, and the files for PyTorch. */
  saveEpoch(position: Position, better: boolean): Promise<void>;
  results(position: Position, validation: Validation | null, seconds: number): Promise<void>;
}

/** The recorder of all ranks except 0. */
export const SILENT: Recorder = {
  lastValidation: async () => null,
  step: () => {},
  validation: () => {},
  saveStep: async () => {},
  saveEpoch: async () => {},
  results: async () => {},
};
