/** The interface of the network that a run trains. */
import type { Batch, Sides } from '@inplace-abn/data';
import type { MetricName } from '../meters/metrics.js';
import type { Meter, Outputs } from './meter.js';

/** Learning rates of one step. */
export interface LearningRates {
  /** Learning rate of all other parameters. */
  readonly base: number;
  /** Learning rate of the classifier's parameters. */
  readonly classifier: number;
}

/** Loss, counts and times of one step. */
export interface StepResult {
  /** Mean over the labeled items of the batch: images or pixels. */
  readonly loss: number;
  /** Input of the task's meter. */
  readonly outputs: Outputs;
}

/** Inputs of a step in addition to its batch. */
export interface StepInputs {
  /** Learning rates of the step. */
  readonly rates: LearningRates;
  /** Number of this update, from 1. */
  readonly update: number;
  /** int32 that seeds dropout in this step. */
  readonly seed: number;
  /** Whether this process wants to stop; summed over all processes. Default 0. */
  readonly halt?: number;
  /**
   * Unreadable images of this process that the others do not know yet; summed over all processes. Default 0.
   */
  readonly unreadable?: number;
}

/** A network and its programs, as the training loop uses them. */
export interface RunEngine {
  /** The part of the task that the training loop needs. */
  readonly task: {
    /** The metric that decides which checkpoint is best. */
    readonly criterion: MetricName;
    /** A meter of the task's metrics for one epoch. */
    newMeter(phase: 'train' | 'val'): Meter;
  };
  /** Bytes of its arena and store. */
  readonly bytes: number;
  /** Whether the device can receive a batch while it works on another. */
  readonly prefetches: boolean;
  /** Starts copying the batch of the next step to the device. Pass the same object to train(). */
  prefetch(batch: Batch): void;
  /**
   * Runs a training step on this process's share of a batch.
   *
   * @throws {NotFiniteError} before any state is updated, if a value is not finite
   */
  train(batch: Batch, inputs: StepInputs): Promise<StepResult>;
  /** Whether it keeps averages of the weights. */
  readonly averages?: boolean;
  /**
   * Runs an evaluation step on a batch of images of `crop` pixels; `averaged`: with the averages of the
   * weights.
   */
  evaluate(batch: Batch, crop: Sides, averaged?: boolean): Promise<StepResult>;
  /** Broadcasts the running statistics of rank 0 to all processes. */
  shareBuffers(): Promise<void>;
}
