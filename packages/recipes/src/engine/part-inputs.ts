/** The inputs of the steps that train a batch: arrays of images and labels, and scalars. */
import type { TypedArray } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import { type AverageOptions, averageInputs } from '@inplace-abn/optim';
import type { Peers, StepInputs } from '@inplace-abn/train';
import type { Objective } from '../task/task.js';
import { countedRows, ofShards, partArrays } from './parts.js';
import type { PlannedPrograms } from './plan-programs.js';

/** Multipliers that keep the seeds of members and parts far from those of later steps. */
const RANK_SEED = 0x9e3779b1;
const PART_SEED = 0x85ebca6b;

/** Makes the inputs of batches. */
export class PartInputs {
  constructor(
    private readonly planned: Pick<PlannedPrograms, 'parts' | 'division' | 'shards'>,
    private readonly objective: Objective,
    private readonly peers: Peers,
    private readonly average: AverageOptions | undefined,
  ) {}

  /** The inputs of each part, in order. */
  of(batch: Batch, inputs: StepInputs): Record<string, TypedArray>[] {
    const { parts, division, shards } = this.planned;
    const arrays = partArrays(batch, this.objective, division);
    if (!shards) {
      const { rank } = this.peers;
      return arrays.map((own, index) => {
        return { ...own, ...this.common(index, inputs), ...this.own(batch, rank, index, inputs) };
      });
    }
    const sizes = shards.own(division.shape.batch, parts.length);
    return parts.map((_, index) => {
      let first = 0;
      const own = sizes.map((size, shard) => {
        const counted = countedRows(batch, first, size);
        first += size;
        const member = shards.first + shard;
        // The first shard speaks for the process.
        const told = shard === 0 ? inputs : { ...inputs, halt: 0, unreadable: 0 };
        return { ...arrays[shard * parts.length + index], ...this.own(counted, member, index, told) };
      });
      return { ...this.common(index, inputs), ...ofShards(own) };
    });
  }

  /** The inputs of a batch that is not divided, except scalars. */
  images(batch: Batch): Record<string, TypedArray> | undefined {
    return partArrays(batch, this.objective, this.planned.division)[0];
  }

  /** Scalars of a part that do not depend on the images. */
  private common(index: number, { rates, update }: StepInputs): Record<string, TypedArray> {
    const { parts } = this.planned;
    return {
      lr: Float32Array.of(rates.base),
      lr_classifier: Float32Array.of(rates.classifier),
      step: Float32Array.of(update),
      ...(parts.length > 1 && { keep: Float32Array.of(index > 0 ? 1 : 0), factor: Float32Array.of(1) }),
      ...(index === parts.length - 1 && this.average && averageInputs(this.average, update)),
    };
  }

  /** Scalars of a member of the group that shares the batch: a process, or one of its shards. */
  private own(
    batch: Batch,
    member: number,
    index: number,
    { seed, halt = 0, unreadable = 0 }: StepInputs,
  ): Record<string, TypedArray> {
    const { objective } = this;
    const { parts, shards } = this.planned;
    const shared = this.peers.group !== null || shards !== null;
    const last = index === parts.length - 1;
    return {
      ...((shared || parts.length > 1) && {
        labeled: Float32Array.of(objective.labeled(batch)),
        ...(objective.weight && { weight: Float32Array.of(objective.weight(batch)) }),
      }),
      // Each member and each part draws different random numbers.
      seed: Int32Array.of((seed + member * RANK_SEED + index * PART_SEED) | 0),
      ...(shared && {
        halt: Int32Array.of(last ? halt : 0),
        unreadable: Int32Array.of(last ? unreadable : 0),
      }),
    };
  }
}
