/** What a run leaves behind as it goes. */
import type { Metrics } from '../meters/metrics.js';
import type { Position } from './position.js';
import type { Validation } from './validate.js';

/** A training step that was just made. */
export interface StepRecord {
  readonly loss: number;
  readonly metrics: Metrics;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly waitShare: number;
}

export interface Recorder {
  /** The newest validation of the run; null where there is none, or this process keeps none. */
  lastValidation(): Promise<Validation | null>;
  step(position: Position, record: StepRecord): void;
  validation(position: Position, epoch: number, validation: Validation): void;
  /** In the middle of an epoch: what an exact resume needs. */
  saveStep(position: Position): Promise<void>;
  /** After an epoch: the same, and the files that PyTorch continues from. */
  saveEpoch(position: Position, better: boolean): Promise<void>;
  results(position: Position, validation: Validation | null, seconds: number): Promise<void>;
}

/** The other processes. */
export const SILENT: Recorder = {
  lastValidation: async () => null,
  step: () => {},
  validation: () => {},
  saveStep: async () => {},
  saveEpoch: async () => {},
  results: async () => {},
};
