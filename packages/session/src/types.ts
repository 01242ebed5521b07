/** Arguments and results of a session's methods. */
import type { TypedArray } from '@inplace-abn/core';
import type { Per, Signals } from '@inplace-abn/nn';
import type { StepResult } from './fit.js';
import type { FloatTensor } from './outputs.js';

/** Results of an evaluation, with the network's output. */
export interface Evaluation<Out extends Signals, M extends string> extends StepResult<M> {
  /** The network's output for every sample; several outputs by name. */
  readonly output: Per<Out, FloatTensor>;
}

/** Options of one training step. */
export interface TrainOptions {
  /** Factor on the learning rates of this step, as a schedule gives it; default 1. */
  readonly rate?: number;
}

/** Which weights to use. */
export interface WeightsOptions {
  /** Whether to use their averages, in a session with the option `average`. Default false. */
  readonly averaged?: boolean;
}

/** One array, or several by the names of a network's inputs or outputs. */
export type ArraysOf<S extends Signals> = Per<S, TypedArray>;
