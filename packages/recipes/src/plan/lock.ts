/** The lock of a configuration's training step, and what freezing a part of the network saves. */
import {
  diffPlans,
  joinedLock,
  type PlanDiff,
  type PlanLock,
  portableCpu,
  UsageError,
} from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { planPrograms } from '../engine/plan-programs.js';
import { describeCrop } from '../task/images.js';
import { taskOf } from '../tasks/registry.js';

/**
 * Bytes, work and every layer's choice of one training step at `batch` images: the same on every machine. For
 * a batch in parts (`optimizer.accumulate`), it covers the steps of all parts.
 *
 * @throws UsageError for a network, paths or shards that cannot be planned (codes ERR_NO_MATCH, ERR_SHARDS);
 *   BudgetError (ERR_BUDGET) if no plan fits `memory_budget`
 */
export function lockOf(config: TrainConfig, batch: number): PlanLock {
  const task = taskOf(config);
  const sizes = { batch, evaluationBatches: [] };
  const { training, parts, division } = planPrograms(task.network(), task, config, portableCpu(), sizes);
  const { arch, precision } = config.network;
  const title = `${arch}, batch ${batch} at ${describeCrop(config.input.crop_train)}, ${precision}`;
  if (parts.length === 1) return { ...training.plan.lock(), title };
  const sums = imagesOfParts(division.sizes, parts.length).slice(0, -1);
  const others = [...new Set(sums)].map((size) => ({
    name: `part of ${size}`,
    times: sums.filter((other) => other === size).length,
    lock: (parts[sums.indexOf(size)] ?? training).plan.lock(),
  }));
  return joinedLock(title, [...others, { name: '', times: 1, lock: training.plan.lock() }]);
}

/** Images of each part of a batch; `sizes`: of each part of every shard. */
function imagesOfParts(sizes: readonly number[], parts: number): number[] {
  const images = Array.from({ length: parts }, () => 0);
  for (const [index, size] of sizes.entries()) images[index % parts] = (images[index % parts] ?? 0) + size;
  return images;
}

/** A part of a network that is frozen, and what that saves. */
export interface Freezing {
  /** As `optimizer.freeze` names it. */
  readonly paths: readonly string[];
  /** From the plan of the configuration to the one with the paths frozen as well. */
  readonly diff: PlanDiff;
  /** The plan of the given configuration. */
  readonly before: PlanLock;
  /** The plan with the paths frozen as well. */
  readonly after: PlanLock;
}

/**
 * Plans a training step with and without `pattern` frozen: paths of parameters or modules as in
 * `optimizer.freeze`, separated by commas, or a range of neighboring modules such as `mod1…mod4` or
 * `body.mod1..body.mod4`.
 *
 * @throws UsageError, code ERR_NO_MATCH, for a path that the network does not have
 */
export function freezingOf(config: TrainConfig, pattern: string, batch: number): Freezing {
  const names = taskOf(config)
    .network()
    .namedStates()
    .map(({ name }) => name);
  const paths = pattern.split(',').flatMap((part) => expanded(part.trim(), names));
  const { optimizer } = config;
  const frozen = { ...config, optimizer: { ...optimizer, freeze: [...optimizer.freeze, ...paths] } };
  const [before, after] = [lockOf(config, batch), lockOf(frozen, batch)];
  return { paths, diff: diffPlans(before, after), before, after };
}

/** A range as the modules in it, in the order of the network. */
function expanded(part: string, names: readonly string[]): string[] {
  const range = /^(.+?)(?:…|\.{2,3})(.+)$/.exec(part);
  if (!range) return [part];
  const [, first = '', last = ''] = range;
  const depth = first.split('.').length;
  const parent = first.split('.').slice(0, -1).join('.');
  const modules = [...new Set(names.map((name) => name.split('.').slice(0, depth).join('.')))];
  const siblings = modules.filter((path) => path.split('.').slice(0, -1).join('.') === parent);
  const [begin, end] = [siblings.indexOf(first), siblings.indexOf(last)];
  if (begin >= 0 && end >= begin) return siblings.slice(begin, end + 1);
  throw new UsageError(
    `${part}: expected a range of neighboring modules, in order, of ${siblings.join(', ') || 'those that the network has'}`,
    { code: 'ERR_NO_MATCH' },
  );
}
