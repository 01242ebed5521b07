/** What a run asks of the network that it trains. */
import type { Batch, Sides } from '@inplace-abn/data';
import type { MetricName } from '../meters/metrics.js';
import type { Meter, Outputs } from './meter.js';

export interface LearningRates {
  readonly base: number;
  /** That of the classifier's parameters. */
  readonly classifier: number;
}

export interface StepResult {
  /** Mean over what is labeled: the images of the batch, or their pixels. */
  readonly loss: number;
  /** What the task's meter counts from. */
  readonly outputs: Outputs;
}

/** What a step is given beside its batch. */
export interface StepInputs {
  readonly rates: LearningRates;
  /** Counts from 1. */
  readonly update: number;
  readonly seed: number;
  /** Whether this process wants to stop; summed over all. Default 0. */
  readonly halt?: number;
  /** Images this process could not read that the others have not heard of; summed over all. Default 0. */
  readonly unreadable?: number;
}

/** A network with its programs, as the loop drives it. */
export interface RunEngine {
  readonly task: {
    /** The metric whose best value marks the best checkpoint. */
    readonly criterion: MetricName;
    newMeter(phase: 'train' | 'val'): Meter;
  };
  /** Bytes that its programs hold: the arena and the store. */
  readonly bytes: number;
  /** Whether the device takes a batch while it still works on another. */
  readonly prefetches: boolean;
  /** Lets the batch of the step after the one under way move to the device; train() is given the same object. */
  prefetch(batch: Batch): void;
  /**
   * One training step, on this process's share of a batch. Throws NotFiniteError before any state is updated where a value is
   * not finite.
   */
  train(batch: Batch, inputs: StepInputs): Promise<StepResult>;
  /** One evaluation step on a batch of images of `crop` pixels. */
  evaluate(batch: Batch, crop: Sides): Promise<StepResult>;
  /** Gives all processes the running statistics of rank 0. */
  shareBuffers(): Promise<void>;
}
