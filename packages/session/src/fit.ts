import { checkOptionNames, UsageError } from '@inplace-abn/core';
import type { Schedule } from '@inplace-abn/optim';

/** Samples with their targets, as `train` takes them. */
export interface TrainingBatch<X, Y> {
  readonly x: X;
  readonly y: Y;
}

/** Batches that can be gone through once an epoch. */
export type Batches<X, Y> = Iterable<TrainingBatch<X, Y>> | AsyncIterable<TrainingBatch<X, Y>>;

/** What a step or several say. */
export interface Results<M extends string = string> {
  /** Mean over the samples; in training before the update. */
  readonly loss: number;
  readonly metrics: Readonly<Record<M, number>>;
}

export interface StepResult<M extends string = string> extends Results<M> {
  readonly samples: number;
}

/** A step, as callbacks see it. */
export interface FitStep<M extends string = string> extends StepResult<M> {
  /** Both count from 0. */
  readonly epoch: number;
  readonly step: number;
  readonly learningRate: number;
}

/** An epoch, as callbacks see it: means over its samples. */
export interface FitEpoch<M extends string = string> extends Results<M> {
  readonly epoch: number;
  /** Over the validation samples; null without a validation. */
  readonly validation: Results<M> | null;
}

export interface FitCallback<M extends string = string> {
  onStep?(step: FitStep<M>): void | Promise<void>;
  /** `stop` ends the training after this epoch. */
  onEpoch?(epoch: FitEpoch<M>, stop: () => void): void | Promise<void>;
}

export interface FitOptions<X, Y, M extends string = string> {
  /** Default 1. */
  readonly epochs?: number;
  /** Factor on the learning rates, by epoch from 0. */
  readonly schedule?: Schedule;
  /** Evaluated after each epoch. */
  readonly validation?: Batches<X, Y>;
  readonly callbacks?: readonly FitCallback<M>[];
  /** Ends the training after the step under way. */
  readonly signal?: AbortSignal;
}

/** The part of a session that a loop needs. */
interface Trainable<X, Y, M extends string> {
  readonly learningRate: number;
  train(x: X, y: Y, step: { rate: number }): Promise<StepResult<M>>;
  evaluate(x: X, y: Y): Promise<StepResult<M>>;
}

export async function fitEpochs<X, Y, M extends string>(
  session: Trainable<X, Y, M>,
  batches: Batches<X, Y>,
  options: FitOptions<X, Y, M>,
): Promise<void> {
  checkOptionNames('fit', options, ['epochs', 'schedule', 'validation', 'callbacks', 'signal']);
  const { epochs = 1, schedule = () => 1, validation, callbacks = [], signal } = options;
  let [step, stopped] = [0, false];
  for (let epoch = 0; epoch < epochs && !stopped && !signal?.aborted; epoch++) {
    const rate = schedule(epoch);
    const mean = new Mean<M>();
    for await (const { x, y } of batches) {
      const result = await session.train(x, y, { rate });
      mean.add(result);
      const seen = { ...result, epoch, step, learningRate: session.learningRate * rate };
      for (const callback of callbacks) await callback.onStep?.(seen);
      step++;
      if (signal?.aborted) return;
    }
    if (mean.empty) {
      throw new UsageError(
        `fit: epoch ${epoch} has no batches; a generator yields only once, so give fit an array or an object with [Symbol.iterator] for several epochs`,
        { code: 'ERR_NO_BATCHES' },
      );
    }
    const done = { ...mean.result, epoch, validation: await validated(session, validation) };
    for (const callback of callbacks) {
      await callback.onEpoch?.(done, () => {
        stopped = true;
      });
    }
  }
}

async function validated<X, Y, M extends string>(
  session: Trainable<X, Y, M>,
  batches: Batches<X, Y> | undefined,
): Promise<Results<M> | null> {
  if (!batches) return null;
  const mean = new Mean<M>();
  for await (const { x, y } of batches) mean.add(await session.evaluate(x, y));
  return mean.empty ? null : mean.result;
}

/** Means weighted by the samples of each batch. */
export class Mean<M extends string> {
  private sum = 0;
  private readonly sums: Partial<Record<M, number>> = {};
  private last: StepResult<M> | null = null;
  private weight = 0;

  add(result: StepResult<M>): void {
    const { loss, samples, metrics } = result;
    this.sum += loss * samples;
    for (const name in metrics) this.sums[name] = (this.sums[name] ?? 0) + metrics[name] * samples;
    this.last = result;
    this.weight += samples;
  }

  get empty(): boolean {
    return this.last === null;
  }

  /** @throws RangeError before the first batch */
  get result(): StepResult<M> {
    if (!this.last) throw new RangeError('a mean over no batch');
    const metrics: Record<M, number> = { ...this.last.metrics };
    for (const name in metrics) metrics[name] = (this.sums[name] ?? 0) / this.weight;
    return { loss: this.sum / this.weight, metrics, samples: this.weight };
  }
}
