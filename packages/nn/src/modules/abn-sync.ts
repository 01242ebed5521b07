/** In-place activated batch norm with statistics over all processes of a group. */
import type { GroupShape } from '@inplace-abn/comm';
import type { Value } from '@inplace-abn/core';
import type { BatchStatistics } from '../functional/abn.js';
import { sharedStatistics } from '../functional/abn-sync.js';
import type { AnyModule, Mode } from '../module.js';
import { type AbnOptions, InPlaceABN } from './abn.js';

/** Options of {@link InPlaceABNSync}. */
export interface AbnSyncOptions extends AbnOptions {
  /** The processes that share statistics. Default null: the world group at the time of tracing. */
  readonly group?: GroupShape | null;
}

/**
 * InPlaceABN with batch statistics over all samples of a process group. Each process gathers (μ, σ², m) of
 * all and merges them; the backward pass all-reduces Σdy and Σdy·x̂. Batch and image sizes may differ between
 * processes, and a batch may be empty. Gradients of γ and β cover only the process's own samples.
 *
 * Without a process group it warns once and works like InPlaceABN. Evaluation does not communicate.
 */
export class InPlaceABNSync extends InPlaceABN {
  /** Null: the world group. */
  group: GroupShape | null;

  /**
   * @param channels C of x
   * @throws UsageError for an activation that cannot be inverted, and an unknown option
   */
  constructor(channels: number, { group = null, ...options }: AbnSyncOptions = {}) {
    super(channels, options);
    this.group = group;
  }

  protected override batchStatistics(x: Value, mode: Mode): BatchStatistics {
    if (!mode.training) return super.batchStatistics(x, mode);
    return sharedStatistics(x, this.group, this.constructor.name);
  }
}

/** Sets the group of every synchronized layer in `module`; null: the world group. */
export function setActiveGroup(module: AnyModule, group: GroupShape | null): void {
  for (const [, child] of module.modules()) if (child instanceof InPlaceABNSync) child.group = group;
}
