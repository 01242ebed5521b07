/** Moving averages of weights: states of their own, updated in the training step. */
import {
  accumulate,
  checkOptionNames,
  type Graph,
  type StateSpec,
  type Tracer,
  UsageError,
} from '@inplace-abn/core';
import { optimizerStateName } from './optimizer.js';

/** Slot of a parameter's or statistic's average: `mod1.conv1.weight.ema`. */
export const AVERAGED = 'ema';

/** Whether a state is an average. */
export function isAverage(name: string): boolean {
  return name.endsWith(`.${AVERAGED}`);
}

/** How weights are averaged. */
export interface AverageOptions {
  /** Share of the average that each of its updates keeps, from 0 to below 1. */
  readonly decay: number;
  /** Updates of the weights between those of the average (torchvision's model_ema_steps). Default 1. */
  readonly every?: number;
  /**
   * Lowers the decay at the beginning, as timm's ModelEmaV3: for update n of the average, from 0, to at most
   * 1 − (1 + n/gamma)^−power. true: gamma 1, power 2/3. Default: the decay is the same throughout.
   */
  readonly warmUp?:
    | boolean
    | {
        /** Updates over which the warm-up stretches, above 0. Default 1. */
        readonly gamma?: number;
        /** Exponent, above 0; a larger one is over sooner. Default 2/3. */
        readonly power?: number;
      };
}

/** @throws UsageError for an option out of range */
export function checkAverage(options: AverageOptions): void {
  checkOptionNames('average', options, ['decay', 'every', 'warmUp']);
  const { decay, every = 1 } = options;
  if (!(decay >= 0 && decay < 1)) {
    throw new UsageError(`average: expected a decay from 0 to below 1 but received ${decay}`, {
      code: 'ERR_OPTION_VALUE',
    });
  }
  if (Number.isInteger(every) && every >= 1) return;
  throw new UsageError(`average: expected every to count updates, from 1, but received ${every}`, {
    code: 'ERR_OPTION_VALUE',
  });
}

/**
 * Share of the average that update `update` of the weights, counted from 1, keeps: 1 where it stays, 0 at the
 * first.
 */
export function averageKeep({ decay, every = 1, warmUp = false }: AverageOptions, update: number): number {
  if (update % every !== 0) return 1;
  const before = update / every - 1;
  if (before === 0) return 0;
  if (warmUp === false) return decay;
  const { gamma = 1, power = 2 / 3 } = warmUp === true ? {} : warmUp;
  return Math.min(decay, 1 - (1 + before / gamma) ** -power);
}

/** The inputs of {@link averageStates} at update `update` of the weights, counted from 1. */
export function averageInputs(options: AverageOptions, update: number): Record<string, Float32Array> {
  const keep = averageKeep(options, update);
  return { ema_keep: Float32Array.of(keep), ema_factor: Float32Array.of(1 - keep) };
}

/** The averages of those of a network's states that can be averaged; counts of batches cannot. */
export function averagesOf(states: readonly StateSpec[]): StateSpec[] {
  return states
    .filter(({ kind, dtype }) => kind !== 'optimizer' && dtype === 'float32')
    .map(({ name, shape }) => {
      return { name: optimizerStateName(name, AVERAGED), kind: 'optimizer', shape, dtype: 'float32' };
    });
}

/**
 * Appends the update of every average to a traced step, behind the updates of what is averaged:
 * average ← ema_keep·average + ema_factor·weights, both float32 inputs of the step. The states are a
 * network's, by their names.
 */
export function averageStates(tracer: Tracer, states: readonly StateSpec[]): void {
  const factors = {
    keep: tracer.input('ema_keep', [], 'float32'),
    factor: tracer.input('ema_factor', [], 'float32'),
  };
  tracer.during('update', null, () => {
    for (const { name, kind, shape, dtype } of states) {
      if (kind === 'optimizer' || dtype !== 'float32') continue;
      tracer.within(name, () => {
        const now = tracer.current(tracer.state(name, shape, dtype, kind));
        const average = tracer.state(optimizerStateName(name, AVERAGED), shape, 'float32', 'optimizer');
        tracer.assign(average, accumulate(average, now, factors));
      });
    }
  });
}

/** The graph of an evaluation or a prediction, on the averages of the states instead of these. */
export function onAverages<G extends Graph>(graph: G): G {
  const states = graph.states.map((state) => {
    const info = graph.values.get(state.value);
    if (info?.dtype !== 'float32') return state;
    return { ...state, name: optimizerStateName(state.name, AVERAGED), kind: 'optimizer' as const };
  });
  return { ...graph, states };
}
