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

/** Options of {@link inplaceAbnSync}. */
export interface AbnSyncFunctionOptions extends AbnFunctionOptions {
  /** The processes that share statistics. Default null: the world group. */
  readonly group?: GroupShape | null;
}

/**
 * {@link inplaceAbn} with batch statistics over all processes of a group, each of which must call it. Batch
 * and image sizes may differ between processes. Gradients of γ and β cover only the process's own samples.
 * Without a process group it warns once and works like `inplaceAbn`. Evaluation does not communicate.
 *
 * @throws UsageError and ShapeError as inplaceAbn does; in a group of several processes, a process may have
 * one sample per channel
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
 * Batch statistics over the processes of `group`, or of the world group if null. Without a group, and in a
 * group of one, they cover this process alone.
 *
 * @throws ShapeError for one sample per channel in a process that is alone
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
