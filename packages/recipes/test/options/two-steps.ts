/** Two training steps of a small network with given options, and their effect. */
import { cpu, type HostTensor } from '@inplace-abn/core';
import { learningRateOf } from '../../src/engine/learning-rate.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';

export type Sections = Parameters<typeof configOf>[0];
type States = ReadonlyMap<string, HostTensor>;

export interface TwoSteps {
  readonly engine: Engine;
  readonly losses: readonly number[];
  /** Parameters at the start, after one step and after two. */
  readonly parameters: readonly [States, States, States];
  /** Optimizer state after two steps. */
  readonly optimizer: States;
}

export async function twoSteps(sections: Sections): Promise<TwoSteps> {
  const config = configOf(sections);
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
  engine.load(initialStateOf(engine.network, config.network, config.seed));
  const rates = learningRateOf(config.optimizer, 1);
  const start = engine.store.stateDict('parameter');
  const first = await engine.train(sampleBatch(), { rates: rates(0, 0), update: 1, seed: 1 });
  const between = engine.store.stateDict('parameter');
  const second = await engine.train(sampleBatch(), { rates: rates(0, 1), update: 2, seed: 2 });
  return {
    engine,
    losses: [first.loss, second.loss],
    parameters: [start, between, engine.store.stateDict('parameter')],
    optimizer: engine.store.stateDict('optimizer'),
  };
}

/** All values of the states whose names contain `part`, ordered by name. */
export function values(states: States | undefined, part = ''): Float64Array {
  const chosen = [...(states ?? [])]
    .filter(([name]) => name.includes(part))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const all = new Float64Array(chosen.reduce((sum, [, { data }]) => sum + data.length, 0));
  let at = 0;
  for (const [, { data }] of chosen) for (const value of data) all[at++] = Number(value);
  return all;
}

export function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - (b[i] ?? Number.NaN));
}

/** Euclidean norm. */
export function norm(a: Float64Array): number {
  return Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
}

/** Distance of `a` from `b`, relative to the norm of `b`. */
export function distance(a: Float64Array, b: Float64Array): number {
  return norm(minus(a, b)) / norm(b);
}

/** Change of the parameters in the first step. */
export function firstMove({ parameters: [start, between] }: TwoSteps, part = ''): Float64Array {
  return minus(values(between, part), values(start, part));
}
