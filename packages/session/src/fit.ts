import { checkOptionNames } from '@inplace-abn/core';
import type { Schedule } from '@inplace-abn/optim';
import { checkBatch, checkFit } from './fit-kinds.js';
import { Mean } from './mean.js';
import { type Trainee, trainEpochs } from './train-epochs.js';

/** Samples with their targets, as `train` takes them. */
export interface TrainingBatch<X, Y> {
  /** The network's input, N samples one after the other; several inputs by name. Images are N×H×W×C. */
  readonly x: X;
  /** The target of each sample, such as N int32 labels for `crossEntropy`. */
  readonly y: Y;
}

/** Batches that can be iterated once per epoch. */
export type Batches<X, Y> = Iterable<TrainingBatch<X, Y>> | AsyncIterable<TrainingBatch<X, Y>>;

/** Results of one step, or means over several. */
export interface Results<M extends string = string> {
  /** Mean over the samples; in training before the update. */
  readonly loss: number;
  /** Values of the session's `metrics`, by their names: means over the samples. */
  readonly metrics: Readonly<Record<M, number>>;
}

/** Results of one step. */
export interface StepResult<M extends string = string> extends Results<M> {
  /** Samples of the batch, over all processes of a group. */
  readonly samples: number;
  /** Global norm of the gradients before clipping, if requested. */
  readonly gradientNorm?: number;
}

/** Where a training stands. */
export interface FitPosition {
  /** Epochs completed, their validation included. */
  readonly epoch: number;
  /** Steps made, over all epochs. */
  readonly step: number;
  /** Steps made in the epoch that is not completed. */
  readonly stepInEpoch: number;
}

/** A step, as callbacks see it. */
export interface FitStep<M extends string = string> extends StepResult<M> {
  /** Counts from 0, as do the steps. */
  readonly epoch: number;
  /** Steps before this one, over all epochs. */
  readonly step: number;
  /** Steps before this one in its epoch. */
  readonly stepInEpoch: number;
  /** The optimizer's learning rate times the schedule's factor. */
  readonly learningRate: number;
  /** Means over the samples of the epoch so far, or since a resume within it. */
  readonly mean: Results<M>;
}

/** An epoch, as callbacks see it: means over its samples. */
export interface FitEpoch<M extends string = string, V extends Results = Results<M>> extends Results<M> {
  /** Counts from 0. */
  readonly epoch: number;
  /** Steps made so far, over all epochs. */
  readonly step: number;
  /** Results over the validation samples; null without a validation. */
  readonly validation: V | null;
}

/** Hooks into training. Callbacks run one after the other, in order, and are awaited. */
export interface FitCallback<M extends string = string, V extends Results = Results<M>> {
  /** Before the first batch of an epoch, counted from 0, or of the rest of it. */
  onEpochStart?(epoch: number): void | Promise<void>;
  /** A batch has arrived; the time since the last step was spent waiting for it. */
  onBatch?(): void | Promise<void>;
  /** `stop` ends the training after this step. */
  onStep?(step: FitStep<M>, stop: () => void): void | Promise<void>;
  /** `stop` ends the training after this epoch. */
  onEpoch?(epoch: FitEpoch<M, V>, stop: () => void): void | Promise<void>;
  /** The training ends within an epoch, or before its validation. A state saved now can resume here. */
  onStop?(at: FitPosition): void | Promise<void>;
  /** The training has ended: all of its epochs are complete, or it was stopped. */
  onEnd?(at: FitPosition): void | Promise<void>;
}

/** Batches of every epoch, or those of an epoch from one on; both count from 0. */
export type EpochBatches<X, Y> = Batches<X, Y> | ((epoch: number, first: number) => Batches<X, Y>);

/** Options of {@link Session.fit}. */
export interface FitOptions<X, Y, M extends string = string> {
  /** Position to resume from, as passed to a callback; default: the beginning. */
  readonly start?: FitPosition;
  /** Epochs in all, those before `start` included. Default 1. */
  readonly epochs?: number;
  /** Factor on the learning rates, by epoch or step from 0. Default: 1 throughout. */
  readonly schedule?: Schedule;
  /** Unit of the schedule: epochs, or steps over all epochs. Default `epoch`. */
  readonly scheduleMode?: 'epoch' | 'step';
  /** Evaluated after each epoch. Default: no validation. */
  readonly validation?: Batches<X, Y>;
  /** Evaluates the averages of the weights, in a session with the option `average`. Default false. */
  readonly averaged?: boolean;
  /** Called in this order, each awaited before the next; default none. */
  readonly callbacks?: readonly FitCallback<M>[];
  /** Ends the training after the current step; in a group, on all processes after the same step. */
  readonly signal?: AbortSignal;
  /**
   * Seconds after which the training ends as if the signal had been aborted: `onStop` is called and can save,
   * and the training resumes from there. In a group, the process whose time is up first ends it for all.
   * Default: no limit.
   */
  readonly timeLimit?: number;
}

/** The position of a step, on which its random draws depend. */
export interface StepAt {
  /** Both count from 0: the batch in its epoch. */
  readonly at: { readonly epoch: number; readonly batch: number };
}

/** The part of a session that a loop needs. */
interface Trainable<X, Y, M extends string> {
  readonly learningRate: number;
  train(x: X, y: Y, step: { rate: number } & StepAt): Promise<StepResult<M> | 'stopped'>;
  evaluate(x: X, y: Y, weights: { averaged: boolean }): Promise<StepResult<M>>;
  agree?(stopped: boolean): Promise<boolean>;
}

export async function fitEpochs<X, Y, M extends string>(
  session: Trainable<X, Y, M>,
  batches: EpochBatches<X, Y>,
  options: FitOptions<X, Y, M>,
): Promise<void> {
  checkOptionNames('fit', options, [
    'epochs',
    'start',
    'schedule',
    'scheduleMode',
    'validation',
    'averaged',
    'callbacks',
    'signal',
    'timeLimit',
  ]);
  checkFit(batches, options);
  const {
    epochs = 1,
    start,
    schedule = () => 1,
    scheduleMode = 'epoch',
    validation,
    averaged = false,
    callbacks = [],
    signal,
    timeLimit = Number.POSITIVE_INFINITY,
  } = options;
  const end = performance.now() + 1000 * timeLimit;
  const trainee: Trainee<TrainingBatch<X, Y>, M> = {
    async train(batch, { epoch, step, stepInEpoch }) {
      checkBatch('fit', batch);
      const { x, y } = batch;
      const rate = schedule(scheduleMode === 'epoch' ? epoch : step);
      const result = await session.train(x, y, { rate, at: { epoch, batch: stepInEpoch } });
      if (result === 'stopped') return result;
      return { ...result, learningRate: session.learningRate * rate };
    },
    async validate() {
      if (!validation) return null;
      const mean = new Mean<M>();
      for await (const batch of validation) {
        checkBatch('fit: validation', batch);
        mean.add(await session.evaluate(batch.x, batch.y, { averaged }));
      }
      return mean.empty ? null : mean.result;
    },
    agree: session.agree,
  };
  const stopped = () => signal?.aborted || performance.now() >= end;
  const from = typeof batches === 'function' ? batches : (_: number, first: number) => behind(batches, first);
  await trainEpochs(trainee, { epochs, start, batches: from, callbacks, stopped });
}

async function* behind<B>(batches: Iterable<B> | AsyncIterable<B>, first: number): AsyncGenerator<B> {
  let next = 0;
  for await (const batch of batches) if (next++ >= first) yield batch;
}
