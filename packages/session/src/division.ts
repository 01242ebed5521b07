/**
 * A training batch as runs of its step: its parts one after the other, each whole or as the shards that this
 * process holds.
 */
import { shardInput } from '@inplace-abn/core';
import type { Loss, LossFunction, Signals } from '@inplace-abn/nn';
import type { TypedArray } from '@inplace-abn/tensor';
import { type Batch, checkWhole, partsOf } from './arrays.js';
import { type MixDraws, mixArrays } from './mixing.js';
import { type Shards, type ShardsPart, shardBatches, shardsPart } from './shards.js';
import { countOf, type Part, type Shares } from './sharing.js';
import type { StepKey } from './step-key.js';

/** The position of a training at a batch, and the draws for it. */
export interface StepPosition {
  readonly seed: number;
  /** Updates before it. */
  readonly updates: number;
  readonly rank: number;
  /** Whether others have parts of the batch. */
  readonly grouped: boolean;
  /** How the batch is mixed; null: not at all. */
  readonly mix: MixDraws | null;
}

/** Keeps the seeds of members far from those of later steps, so that each member draws other numbers. */
const RANK_SEED = 0x9e3779b1;

/**
 * The largest run of a training batch: as a whole or, with shards, of each of those that this process holds.
 */
export function largestRun(
  batch: number,
  parts: number,
  shards: Shards | null,
): Pick<StepKey, 'batch' | 'shards'> {
  if (!shards) return { batch: Math.ceil(batch / parts) };
  const sizes = shards.own(batch, parts).map((size) => Math.ceil(size / parts));
  return { batch: sizes.reduce((sum, size) => sum + size, 0), shards: sizes };
}

export class Division {
  readonly runs: readonly (Batch | ShardsPart)[];
  /** The batch by member: whole, or in shards. */
  private readonly members: readonly Batch[];

  /** @throws UsageError for fewer samples than parts, or if samples have different numbers of targets */
  constructor(
    batch: Batch,
    private readonly parts: number,
    private readonly shards: Shards | null,
  ) {
    if (!shards) {
      this.members = [batch];
      this.runs = partsOf(batch, parts);
      return;
    }
    checkWhole(batch);
    const sizes = shards.own(batch.samples, parts);
    this.members = shardBatches(batch, sizes);
    this.runs = Array.from({ length: parts }, (_, part) => shardsPart(batch, sizes, part, parts));
  }

  /** The announcement of this process's part to the others. */
  part<Out extends Signals, Target extends Signals>(
    loss: Loss<Out, Target> | LossFunction<Out, Target> | undefined,
  ): Part {
    const counts = this.members.map(({ y }) => countOf(loss, y));
    const known = counts.filter((count) => count !== undefined);
    return {
      samples: this.members.map(({ samples }) => samples),
      counts: known.length === counts.length ? known : undefined,
    };
  }

  /** Inputs of run `index` that depend on its part; `shares`: of the whole batch. */
  scalars(index: number, shares: Shares, at: StepPosition): Map<string, TypedArray> {
    const { parts, shards } = this;
    const { count } = shares;
    const run = this.runs[index];
    const scalars: Map<string, TypedArray> = at.mix && run ? mixArrays(run, at.mix) : new Map();
    if (count !== undefined) scalars.set('count', Float32Array.of(count));
    if (parts > 1) {
      scalars.set('keep', Float32Array.of(index === 0 ? 0 : 1));
      scalars.set('factor', Float32Array.of(count === undefined ? this.fraction(index, shares) : 1));
    }
    const seedOf = (member: number) =>
      Int32Array.of((at.seed + at.updates * parts + index + member * RANK_SEED) | 0);
    if (!shards) {
      scalars.set('seed', seedOf(at.rank));
      if (at.grouped && count === undefined) scalars.set('share', shares.share(at.rank));
      return scalars;
    }
    const part = shares.part(index, parts);
    for (let shard = 0; shard < shards.held; shard++) {
      const member = shards.first + shard;
      scalars.set(shardInput('seed', shard), seedOf(member));
      if (count === undefined) scalars.set(shardInput('share', shard), part.share(member));
    }
    return scalars;
  }

  /**
   * The weight of a part's gradients in the sum over parts. Shards have shares of the part, processes shares
   * of the batch.
   */
  private fraction(index: number, shares: Shares): number {
    if (this.shards) return shares.part(index, this.parts).total / shares.total;
    return (this.runs[index]?.samples ?? 0) / (this.members[0]?.samples ?? 1);
  }
}
