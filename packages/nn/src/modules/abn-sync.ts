/** In-place activated batch norm with the statistics of all processes of a group. */
import type { GroupShape } from '@inplace-abn/comm';
import type { Value } from '@inplace-abn/core';
import type { BatchStatistics } from '../functional/abn.js';
import { sharedStatistics } from '../functional/abn-sync.js';
import type { AnyModule, Mode } from '../module.js';
import { type AbnOptions, InPlaceABN } from './abn.js';

export interface AbnSyncOptions extends AbnOptions {
  /** The processes that share statistics; null, the default: the world group, when the layer is traced. */
  readonly group?: GroupShape | null;
}

/**
 * InPlaceABN whose batch statistics are those of all samples of a process group: each process gathers (μ, σ², m) of all
 * and merges them; in the backward pass Σdy and Σdy·x̂ are summed over the group. Batches and images may differ in size
 * from process to process, and a process may have none. The gradients of γ and β are of the process's own samples.
 *
 * Without a process group it warns once and behaves as InPlaceABN. In evaluation nothing is exchanged.
 */
export class InPlaceABNSync extends InPlaceABN {
  /** null: the world group. */
  group: GroupShape | null;

  constructor(channels: number, { group = null, ...options }: AbnSyncOptions = {}) {
    super(channels, options);
    this.group = group;
  }

  protected override batchStatistics(x: Value, mode: Mode): BatchStatistics {
    if (!mode.training) return super.batchStatistics(x, mode);
    return sharedStatistics(x, this.group, this.constructor.name);
  }
}

/** Hands `group` to every synchronized layer in `module`; null: the world group. */
export function setActiveGroup(module: AnyModule, group: GroupShape | null): void {
  for (const [, child] of module.modules()) if (child instanceof InPlaceABNSync) child.group = group;
}
