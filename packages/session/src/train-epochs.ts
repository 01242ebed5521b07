/** The training loop, independent of what trains: epochs over batches, validations, and their callbacks. */
import { UsageError } from '@inplace-abn/core';
import type { FitCallback, FitPosition, FitStep, Results, StepResult } from './fit.js';
import { Mean } from './mean.js';

/** The subject of a training loop: a session, or a network with its own steps. */
export interface Trainee<B, M extends string, V extends Results = Results<M>> {
  /**
   * One step; `at` counts what was made before it. 'stopped': it was not made, because another process of the
   * group stops.
   */
  train(
    batch: B,
    at: FitPosition,
  ): Promise<
    | (StepResult<M> & {
        /** Base learning rate of the step. */
        readonly learningRate: number;
      })
    | 'stopped'
  >;
  /**
   * In a group, whether any process stops. Every process calls it before the first epoch, after the last step
   * of an epoch, and after an epoch; one that stops within an epoch calls it when the others call `train`.
   * Omit it if `stopped` is the same on all.
   */
  agree?(stopped: boolean): Promise<boolean>;
  /** Starts copying the batch of the next step to the device during a step. Omit it if that gains nothing. */
  prefetch?(batch: B): void;
  /**
   * Validates after an epoch. null: there is no validation. 'stopped': it was interrupted, and runs again
   * when the training resumes.
   */
  validate(at: FitPosition): Promise<V | null | 'stopped'>;
}

/** Epochs, batches and callbacks of {@link trainEpochs}. */
export interface TrainEpochsOptions<B, M extends string, V extends Results = Results<M>> {
  /** Epochs in all, those before `start` included. */
  readonly epochs: number;
  /** Position to resume from; default: the beginning. */
  readonly start?: FitPosition;
  /** The batches of an epoch from one on; both count from 0. */
  batches(epoch: number, first: number): Iterable<B> | AsyncIterable<B>;
  /** Called in this order, each awaited before the next. */
  readonly callbacks: readonly FitCallback<M, V>[];
  /** Whether the training should stop now. */
  stopped?(): boolean;
}

const BEGINNING: FitPosition = { epoch: 0, step: 0, stepInEpoch: 0 };

/** Trains epoch after epoch. Resolves when all are complete, or when the training was stopped. */
export async function trainEpochs<B, M extends string, V extends Results = Results<M>>(
  trainee: Trainee<B, M, V>,
  options: TrainEpochsOptions<B, M, V>,
): Promise<void> {
  await new EpochLoop(trainee, options).run();
}

class EpochLoop<B, M extends string, V extends Results> {
  private at: FitPosition;
  private ended = false;
  private readonly stop = () => {
    this.ended = true;
  };

  constructor(
    private readonly trainee: Trainee<B, M, V>,
    private readonly options: TrainEpochsOptions<B, M, V>,
  ) {
    this.at = options.start ?? BEGINNING;
  }

  private get stopped(): boolean {
    return this.ended || (this.options.stopped?.() ?? false);
  }

  /** Whether the training ends here, on every process of a group or on none. */
  private async halts(): Promise<boolean> {
    return (await this.trainee.agree?.(this.stopped)) ?? this.stopped;
  }

  private async each(call: (callback: FitCallback<M, V>) => void | Promise<void>): Promise<void> {
    for (const callback of this.options.callbacks) await call(callback);
  }

  async run(): Promise<void> {
    let halted = await this.halts();
    while (this.at.epoch < this.options.epochs && !halted) {
      const mean = await this.steps();
      const validation = mean ? await this.trainee.validate(this.at) : 'stopped';
      if (!mean || validation === 'stopped') {
        await this.each((callback) => callback.onStop?.(this.at));
        break;
      }
      const { epoch, step } = this.at;
      this.at = { epoch: epoch + 1, step, stepInEpoch: 0 };
      const done = { ...mean.result, epoch, step, validation };
      await this.each((callback) => callback.onEpoch?.(done, this.stop));
      halted = await this.halts();
    }
    await this.each((callback) => callback.onEnd?.(this.at));
  }

  /** The steps of an epoch that are left; null: the training stops. */
  private async steps(): Promise<Mean<M> | null> {
    const { epoch, stepInEpoch } = this.at;
    const mean = new Mean<M>();
    await this.each((callback) => callback.onEpochStart?.(epoch));
    const batches = iteratorOf(this.options.batches(epoch, stepInEpoch));
    try {
      let next = await batches.next();
      while (!next.done) {
        await this.each((callback) => callback.onBatch?.());
        const running = this.trainee.train(next.value, this.at);
        const upcoming = this.ahead(batches);
        const result = await running;
        if (result === 'stopped') return null;
        await this.stepDone(result, mean);
        if (this.stopped && (await this.halts())) return null;
        next = await (upcoming ?? batches.next());
      }
    } finally {
      await batches.return?.();
    }
    if (this.at.stepInEpoch > 0 || this.stopped) return (await this.halts()) ? null : mean;
    throw new UsageError(
      `fit: epoch ${epoch} has no batches; a generator yields only once, so give fit an array or an object with [Symbol.iterator] for several epochs`,
      { code: 'ERR_NO_BATCHES' },
    );
  }

  private async stepDone(
    result: StepResult<M> & { readonly learningRate: number },
    mean: Mean<M>,
  ): Promise<void> {
    const { epoch, step, stepInEpoch } = this.at;
    mean.add(result);
    const seen: FitStep<M> = { ...result, epoch, step, stepInEpoch, mean: mean.result };
    this.at = { epoch, step: step + 1, stepInEpoch: stepInEpoch + 1 };
    await this.each((callback) => callback.onStep?.(seen, this.stop));
  }

  /** Requests the next batch during a step, if the trainee can copy it to the device meanwhile. */
  private ahead(batches: AsyncIterator<B>): Promise<IteratorResult<B>> | null {
    const { trainee } = this;
    if (!trainee.prefetch) return null;
    const upcoming = batches.next().then((next) => {
      if (!next.done) trainee.prefetch?.(next.value);
      return next;
    });
    // An error surfaces when the batch is awaited, unless the step fails first.
    upcoming.catch(() => {});
    return upcoming;
  }
}

async function* iteratorOf<B>(batches: Iterable<B> | AsyncIterable<B>): AsyncGenerator<B, void, void> {
  yield* batches;
}
