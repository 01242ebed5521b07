/** In-place activated batch norm with the statistics of all processes of a group, as a function of values. */
import { type GroupShape, worldGroup } from '@inplace-abn/comm';
import { abnMerge, abnStats, allGather, channels, constant, pack, rows, type Value } from '@inplace-abn/core';
import {
  type AbnFunctionOptions,
  applyInPlace,
  type BatchStatistics,
  ownStatistics,
  type RunningStatistics,
} from './abn.js';

export interface AbnSyncFunctionOptions extends AbnFunctionOptions {
  /** The processes that share statistics; null, the default: the world group. */
  readonly group?: GroupShape | null;
}

/**
 * {@link inplaceAbn} with the batch statistics of all processes of a group, each of which calls it; batches and images may
 * differ in size from process to process. Without a process group it warns once and is `inplaceAbn`. In evaluation nothing
 * is exchanged.
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

/** Statistics over the processes of `group`, of the world group where it is null; this process's where it is alone. */
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
    `${name}: no process group is initialised, so statistics are those of this process, as without synchronisation`,
  );
}
