import { MOST_ROWS } from '@inplace-abn/core';
import type { Override } from './overrides.js';
import { formatPath, type Problem, valueAt } from './problems.js';
import type { TrainConfig } from './schema.js';
import { taskProblems } from './task-rules.js';
import { effectProblems } from './without-effect.js';

/** Conditions of the rules, besides the configuration itself. */
export interface RuleOptions {
  /** The values that were given next to the file. */
  readonly overrides: readonly Override[];
  /** Whether a run exists with this configuration. Rules that came later are then left out. */
  readonly ofRun: boolean;
}

/**
 * Rules between keys. Looks at the raw object over the defaults, so that these problems are
 * reported together with all others.
 */
export function crossKeyProblems(
  raw: unknown,
  defaults: TrainConfig,
  { overrides, ofRun }: RuleOptions,
): Problem[] {
  const problems = lastingProblems(raw, defaults);
  if (ofRun) return problems;
  const named = new Set(problems.map(({ path }) => formatPath(path)));
  const later = [...effectProblems(raw, defaults, overrides), ...rateProblems(raw, defaults)];
  return [...problems, ...later.filter(({ path }) => !named.has(formatPath(path)))];
}

/** A minimum rate above the rate, which then would not change. A rate of 0 stays 0. */
function rateProblems(raw: unknown, defaults: TrainConfig): Problem[] {
  const path = ['optimizer', 'schedule', 'params', 'min_rate'];
  const least = valueAt(raw, path);
  if (typeof least !== 'number') return [];
  return ['learning_rate', 'classifier_lr'].flatMap((key) => {
    const rate = valueAt(raw, ['optimizer', key]) ?? valueAt(defaults, ['optimizer', key]);
    if (!(typeof rate === 'number' && rate > 0 && least > rate)) return [];
    const message = `expected at most optimizer.${key}, ${rate}, received ${least}: the rate falls to it`;
    return [{ path, at: 'value', message }];
  });
}

function lastingProblems(raw: unknown, defaults: TrainConfig): Problem[] {
  const get = (...path: string[]): unknown => valueAt(raw, path) ?? valueAt(defaults, path);
  const problems: Problem[] = [];
  const activation = get('network', 'activation');
  const parameter = get('network', 'activation_param');
  const inPlace = get('network', 'bn_mode') === 'inplace' || get('network', 'bn_mode') === 'sync';

  if (inPlace && activation === 'relu') {
    const given = valueAt(raw, ['network', 'activation']) === undefined ? 'relu (the default)' : 'relu';
    problems.push({
      path: ['network', 'activation'],
      at: 'value',
      message: `${given} has no inverse, so bn_mode "${get('network', 'bn_mode')}" cannot use it; choose leaky_relu, elu or identity, or bn_mode "standard"`,
    });
  }
  const needsInverse = inPlace && (activation === 'leaky_relu' || activation === 'elu');
  if (needsInverse && typeof parameter === 'number' && parameter <= 0) {
    problems.push({
      path: ['network', 'activation_param'],
      at: 'value',
      message: `expected a number above 0, received ${parameter}: ${activation} must be invertible with bn_mode "${get('network', 'bn_mode')}"`,
    });
  }
  if (get('optimizer', 'nesterov') === true && get('optimizer', 'momentum') === 0) {
    problems.push({
      path: ['optimizer', 'momentum'],
      at: 'value',
      message: 'expected a number above 0, received 0: nesterov needs momentum',
    });
  }
  const warmup = get('optimizer', 'schedule', 'warmup', 'length');
  const epochs = get('optimizer', 'schedule', 'epochs');
  const byEpoch = get('optimizer', 'schedule', 'mode') === 'epoch';
  if (byEpoch && typeof warmup === 'number' && typeof epochs === 'number' && warmup > 0 && warmup >= epochs) {
    problems.push({
      path: ['optimizer', 'schedule', 'warmup', 'length'],
      at: 'value',
      message: `expected fewer epochs than the ${epochs} of the schedule, received ${warmup}`,
    });
  }
  if (get('augmentation', 'rand_augment') === true && get('augmentation', 'trivial_augment') === true) {
    problems.push({
      path: ['augmentation', 'trivial_augment'],
      at: 'value',
      message: 'expected false with augmentation.rand_augment, received true: choose one of them',
    });
  }
  return [...problems, ...lossProblems(get), ...shardProblems(get), ...taskProblems(raw, defaults)];
}

function lossProblems(get: (...path: string[]) => unknown): Problem[] {
  const problems: Problem[] = [];
  const weights = get('loss', 'class_weights');
  const classes = get('network', 'classes');
  if (Array.isArray(weights) && weights.length > 0 && weights.length !== classes) {
    const message = `expected ${classes} numbers, one for each of network.classes, received ${weights.length}`;
    problems.push({ path: ['loss', 'class_weights'], at: 'value', message });
  }
  if (Array.isArray(weights) && weights.length > 0 && weights.every((weight) => weight === 0)) {
    const message = 'expected a number above 0, received 0 for every class';
    problems.push({ path: ['loss', 'class_weights'], at: 'value', message });
  }
  const [parts, batch] = [get('optimizer', 'accumulate'), get('optimizer', 'batch_size')];
  if (typeof parts === 'number' && typeof batch === 'number' && parts > batch) {
    const message = `expected at most optimizer.batch_size, ${batch}, received ${parts}`;
    problems.push({ path: ['optimizer', 'accumulate'], at: 'value', message });
  }
  return problems;
}

function shardProblems(get: (...path: string[]) => unknown): Problem[] {
  const shards = get('deterministic_world');
  const [batch, parts] = [get('optimizer', 'batch_size'), get('optimizer', 'accumulate')];
  if (typeof shards !== 'number' || shards === 0 || typeof batch !== 'number') return [];
  const problem = (message: string): Problem[] => [{ path: ['deterministic_world'], at: 'value', message }];
  if (shards < 2 || shards > MOST_ROWS || !Number.isInteger(Math.log2(shards))) {
    return problem(`expected 0, or 2, 4, 8, … or ${MOST_ROWS} shards, received ${shards}`);
  }
  if (batch % shards !== 0) {
    return problem(`expected a divisor of optimizer.batch_size, ${batch}, received ${shards}`);
  }
  if (typeof parts !== 'number' || parts * shards <= batch) return [];
  return problem(
    `expected at most ${batch / parts}, so that each of ${parts} parts has an image of every shard, received ${shards}`,
  );
}
