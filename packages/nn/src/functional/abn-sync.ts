/** In-place activated batch norm with statistics over all processes of a group, in functional form. */
import { type GroupShape, worldGroup } from '@inplace-abn/comm';
import { abnMerge, abnStats, allGather, channels, constant, pack, rows, type Value } from '@inplace-abn/core';
import {
  type AbnFunctionOptions,
  applyInPlace,
  type BatchStatistics,
  ownStatistics,
  type RunningStatistics,
} from './abn.js';

/** The same, with statistics of a process group. */
export interface AbnSyncFunctionOptions extends AbnFunctionOptions {
  /** The processes that share statistics. Default null: the world group. */
  readonly group?: GroupShape | null;
}

/**
 * {@link inplaceAbn} with batch statistics over all processes of a group, each of which must call it. Batch
 * and image sizes may differ between processes. Without a process group it warns once and works like
 * `inplaceAbn`. Evaluation does not communicate.
 */
export function inplaceAbnSync(
  x: Value,
  weight: Value | null,
  bias: Value | null,
  running: RunningStatistics | null,
  { group = null, ...options }: AbnSyncFunctionOptions = {},
): Value {
  const name = 'inplaceAbnSync';
  const statistics = (input: Value) =>
    (options.training ?? true) ? sharedStatistics(input, group, name) : ownStatistics(input, name);
  return applyInPlace(name, x, [weight, bias], running, options, statistics);
}

/**
 * Statistics over the processes of `group`, or of the world group if null; over this process if it is alone.
 */
export function sharedStatistics(x: Value, group: GroupShape | null, name: string): BatchStatistics {
  const sharing = group ?? worldGroup();
  if (sharing === null) warnOnce(name);
  if (sharing === null || sharing.size === 1) return ownStatistics(x, name);
  const own = abnStats(x);
  const samples = constant(x.tracer, rows(x.shape));
  const gathered = allGather(pack([own.mean, own.variance, samples]), sharing.name, sharing.size);
  return { ...abnMerge(gathered, channels(x.shape)), group: sharing.name };
}

let warned = false;

function warnOnce(name: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `${name}: no process group is initialized, so statistics cover only this process, without synchronization`,
  );
}
