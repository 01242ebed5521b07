/** Exponential moving averages (EMA) of weights, kept as states and updated in the training step. */
import {
  accumulate,
  checkNumber,
  checkNumbers,
  checkOptionNames,
  type Graph,
  type StateSpec,
  type Tracer,
} from '@inplace-abn/core';
import { optimizerStateName } from './optimizer.js';

/** Slot of a parameter's or statistic's average: `mod1.conv1.weight.ema`. */
export const AVERAGED = 'ema';

/** Whether a state is an average. */
export function isAverage(name: string): boolean {
  return name.endsWith(`.${AVERAGED}`);
}

/** Options of averaging weights. */
export interface AverageOptions {
  /** Fraction of the average that each of its updates keeps, in [0, 1). */
  readonly decay: number;
  /** Optimizer steps per update of the average (torchvision's model_ema_steps). Default 1. */
  readonly every?: number;
  /**
   * Lowers the decay at the beginning, like timm's ModelEmaV3: in update n of the average, counted from 0, it
   * is at most 1 − (1 + n/gamma)^−power. true: gamma 1, power 2/3. Default false: the decay is constant.
   */
  readonly warmUp?:
    | boolean
    | {
        /** Time scale of the warm-up in updates, above 0. Default 1. */
        readonly gamma?: number;
        /** Exponent, above 0; a larger one ends the warm-up sooner. Default 2/3. */
        readonly power?: number;
      };
}

/** Checks the options of averaging. @throws UsageError for one that is unknown or out of range */
export function checkAverage(options: AverageOptions): void {
  checkOptionNames('average', options, ['decay', 'every', 'warmUp']);
  const { decay, every = 1, warmUp = false } = options;
  checkNumber('average', 'decay', 'a number from 0 to below 1', decay);
  checkNumber('average', 'every', 'a positive integer', every);
  if (typeof warmUp === 'boolean') return;
  checkOptionNames('average: warmUp', warmUp, ['gamma', 'power']);
  const { gamma, power } = warmUp;
  checkNumbers('average', 'a number above 0', { 'warmUp.gamma': gamma, 'warmUp.power': power });
}

/**
 * Fraction of the average to keep in optimizer step `update`, counted from 1: 1 if the step does not update
 * the average, and 0 in its first update, which copies the weights.
 */
function averageKeep({ decay, every = 1, warmUp = false }: AverageOptions, update: number): number {
  if (update % every !== 0) return 1;
  const before = update / every - 1;
  if (before === 0) return 0;
  if (warmUp === false) return decay;
  const { gamma = 1, power = 2 / 3 } = warmUp === true ? {} : warmUp;
  return Math.min(decay, 1 - (1 + before / gamma) ** -power);
}

/** Values of the inputs that {@link averageStates} adds, in optimizer step `update`, counted from 1. */
export function averageInputs(options: AverageOptions, update: number): Record<string, Float32Array> {
  const keep = averageKeep(options, update);
  return { ema_keep: Float32Array.of(keep), ema_factor: Float32Array.of(1 - keep) };
}

/** Specs of the averages of a network's states: float32 parameters and buffers, not batch counts. */
export function averagesOf(states: readonly StateSpec[]): StateSpec[] {
  return states
    .filter(({ kind, dtype }) => kind !== 'optimizer' && dtype === 'float32')
    .map(({ name, shape }) => {
      return { name: optimizerStateName(name, AVERAGED), kind: 'optimizer', shape, dtype: 'float32' };
    });
}

/**
 * Appends the update of every average to a traced step, after the updates of the states themselves:
 *
 *     average ← ema_keep·average + ema_factor·state
 *
 * Both factors are float32[] inputs of the step. `states`: those of the network.
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

/** A graph of an evaluation or a prediction that reads the averages instead of the states. */
export function onAverages<G extends Graph>(graph: G): G {
  const states = graph.states.map((state) => {
    const info = graph.values.get(state.value);
    if (info?.dtype !== 'float32') return state;
    return { ...state, name: optimizerStateName(state.name, AVERAGED), kind: 'optimizer' as const };
  });
  return { ...graph, states };
}
