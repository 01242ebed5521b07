import { type TypedArray, UsageError } from '@inplace-abn/core';
import type { Schedule } from '@inplace-abn/optim';

/** Samples with their targets. */
export interface TrainingBatch {
  readonly x: TypedArray;
  readonly y: TypedArray;
}

/** A step, as callbacks see it. */
export interface FitStep {
  /** Both count from 0. */
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
}

/** An epoch, as callbacks see it. */
export interface FitEpoch {
  readonly epoch: number;
  /** Mean over the epoch's samples. */
  readonly loss: number;
  /** Mean loss over the validation samples; null without a validation. */
  readonly validation: number | null;
}

export interface FitCallback {
  onStep?(step: FitStep): void | Promise<void>;
  /** `stop` ends the training after this epoch. */
  onEpoch?(epoch: FitEpoch, stop: () => void): void | Promise<void>;
}

export interface FitOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Factor on the optimizer's learning rate, by epoch from 0. */
  readonly schedule?: Schedule;
  /** Evaluated after each epoch. */
  readonly validation?: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>;
  readonly callbacks?: readonly FitCallback[];
  /** Ends the training after the step under way. */
  readonly signal?: AbortSignal;
}

/** The part of a session that a loop needs. */
interface Trainable {
  readonly learningRate: number;
  train(x: TypedArray, y: TypedArray, step: { learningRate: number }): Promise<{ loss: number }>;
  evaluate(x: TypedArray, y: TypedArray): Promise<{ loss: number }>;
}

export async function fitEpochs(
  session: Trainable,
  batches: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>,
  { epochs = 1, schedule = () => 1, validation, callbacks = [], signal }: FitOptions,
): Promise<void> {
  let [step, stopped] = [0, false];
  for (let epoch = 0; epoch < epochs && !stopped && !signal?.aborted; epoch++) {
    const learningRate = session.learningRate * schedule(epoch);
    const mean = new Mean();
    for await (const { x, y } of batches) {
      const { loss } = await session.train(x, y, { learningRate });
      mean.add(loss, x.length);
      for (const callback of callbacks) await callback.onStep?.({ epoch, step, loss, learningRate });
      step++;
      if (signal?.aborted) return;
    }
    if (mean.empty) {
      throw new UsageError(
        `fit: epoch ${epoch} has no batches; a generator yields only once, so give fit an array or an object with [Symbol.iterator] for several epochs`,
      );
    }
    const result = { epoch, loss: mean.value, validation: await validated(session, validation) };
    for (const callback of callbacks) {
      await callback.onEpoch?.(result, () => {
        stopped = true;
      });
    }
  }
}

async function validated(session: Trainable, batches: FitOptions['validation']): Promise<number | null> {
  if (!batches) return null;
  const mean = new Mean();
  for await (const { x, y } of batches) mean.add((await session.evaluate(x, y)).loss, x.length);
  return mean.value;
}

/** A mean weighted by the size of each batch. */
class Mean {
  private sum = 0;
  private weight = 0;

  add(value: number, weight: number): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  get empty(): boolean {
    return this.weight === 0;
  }

  get value(): number {
    return this.sum / this.weight;
  }
}
