/** In-place activated batch norm with the statistics of all processes of a group. */
import { type GroupShape, worldGroup } from '@inplace-abn/comm';
import { abnMerge, abnStats, allGather, constant, pack, rows, type Value } from '@inplace-abn/core';
import type { Mode, Module } from '../module.js';
import { type AbnOptions, type BatchStatistics, InPlaceABN } from './abn.js';

export interface AbnSyncOptions extends AbnOptions {
  /** The processes that share statistics; null: this one alone. Default: the world group, when the layer is traced. */
  readonly group?: GroupShape | null;
}

let warned = false;

/**
 * InPlaceABN whose batch statistics are those of all samples of a process group: each process gathers (μ, σ², m) of all
 * and merges them; in the backward pass Σdy and Σdy·x̂ are summed over the group. Batches and images may differ in size
 * from process to process, and a process may have none. The gradients of γ and β are of the process's own samples.
 *
 * Without a process group it warns once and behaves as InPlaceABN. In evaluation nothing is exchanged.
 */
export class InPlaceABNSync extends InPlaceABN {
  /** undefined: the world group. */
  group: GroupShape | null | undefined;

  constructor(channels: number, { group, ...options }: AbnSyncOptions = {}) {
    super(channels, options);
    this.group = group;
  }

  protected override batchStatistics(x: Value, mode: Mode): BatchStatistics {
    const group = mode.training ? this.sharing() : null;
    if (!group) return super.batchStatistics(x, mode);
    const own = abnStats(x);
    const samples = constant(x.tracer, rows(x.shape));
    const gathered = allGather(pack([own.mean, own.variance, samples]), group.name, group.size);
    return { ...abnMerge(gathered, this.channels), group: group.name };
  }

  /** The group where it has other processes. */
  private sharing(): GroupShape | null {
    const group = this.group === undefined ? worldGroup() : this.group;
    if (group === null && this.group === undefined) warnOnce();
    return group && group.size > 1 ? group : null;
  }
}

function warnOnce(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'InPlaceABNSync: no process group is initialised, so statistics are those of this process, as with InPlaceABN',
  );
}

/** Hands `group` to every synchronised layer in `module`; null: each process keeps to itself. */
export function setActiveGroup(module: Module, group: GroupShape | null): void {
  for (const [, child] of module.modules()) if (child instanceof InPlaceABNSync) child.group = group;
}
