/** A batch in a fixed number of shards, so that its sums do not depend on the number of processes. */
import type { GroupShape } from '@inplace-abn/comm';
import { type Graph, joinShards, MOST_ROWS, shardInput, UsageError } from '@inplace-abn/core';
import type { TypedArray } from '@inplace-abn/tensor';
import { type Batch, cut, partsOf, type StepArrays } from './arrays.js';
import { MIXED_INPUTS } from './mixing.js';
import type { SessionGroup } from './sharing.js';

/** Name of the group whose members are shards. */
const SHARDS = 'shards';

/** Inputs that differ between shards: samples, targets, and values that depend on them. */
const OWN = /^(input|target)(\.|$)|^(seed|share)$/;

/** Session options that determine the shards. */
interface ShardOptions {
  readonly deterministicWorld?: number;
  readonly group?: SessionGroup;
}

/** The shards of every batch, and those that this process holds. */
export class Shards {
  /** The group in the trace of a step: every shard is a member. */
  readonly group: GroupShape;
  /** Shards of every batch that this process holds. */
  readonly held: number;
  /** Index of its first shard, from 0. */
  readonly first: number;

  /** @throws UsageError, code ERR_SHARDS, for a number of shards that these processes cannot divide */
  constructor(
    /** Shards of every batch, over all processes. */
    readonly count: number,
    private readonly processes: Pick<SessionGroup, 'name' | 'size' | 'rank'> = { name: '', size: 1, rank: 0 },
  ) {
    const { size, rank } = processes;
    if (count % size !== 0) {
      throw new UsageError(
        `deterministicWorld of ${count} cannot be divided among ${size} processes: use a power of two of them, at most ${count}`,
        { code: 'ERR_SHARDS' },
      );
    }
    this.group = { name: SHARDS, size: count };
    this.held = count / size;
    this.first = this.held * rank;
  }

  /** The shards of a session; null if its options ask for none. */
  static of({ deterministicWorld, group }: ShardOptions): Shards | null {
    return deterministicWorld === undefined ? null : new Shards(deterministicWorld, group);
  }

  /** Minimum number of samples in a process's part of a batch. */
  fewest(parts: number): number {
    return this.held * parts;
  }

  /**
   * Numbers of samples in the shards that this process holds.
   *
   * @throws UsageError, code ERR_SHARDS, if a shard has fewer than `parts`
   */
  own(samples: number, parts: number): number[] {
    if (samples >= this.fewest(parts)) return halved(samples, this.held);
    throw new UsageError(
      `train: ${samples} samples cannot be divided into ${this.held} shards (deterministicWorld of ${this.count})` +
        `${parts > 1 ? ` of ${parts} parts (accumulate)` : ''}: use a larger batch, or drop a last one that is not full`,
      { code: 'ERR_SHARDS' },
    );
  }

  /**
   * Checks the sizes of all shards.
   *
   * @throws UsageError, code ERR_SHARDS, on all processes, if one has a different number of samples than its
   * part of the batch
   */
  check(sizes: readonly number[]): void {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const expected = halved(total, this.processes.size);
    for (const [rank, part] of expected.entries()) {
      const own = sizes.slice(rank * this.held, (rank + 1) * this.held).reduce((sum, size) => sum + size, 0);
      if (own === part) continue;
      throw new UsageError(
        `train: rank ${rank} has ${own} of ${total} samples, where its shards hold ${part}: divide the batch among the processes ` +
          `as [${expected}], in order`,
        { code: 'ERR_SHARDS' },
      );
    }
  }

  /**
   * The graph for this process's shards of these sizes; `trace` traces one shard. `isOwn` tells which inputs
   * differ between shards; default: those of a session's steps.
   */
  graph(
    sizes: readonly number[],
    trace: (samples: number) => Graph,
    isOwn = (input: string) => OWN.test(input) || MIXED_INPUTS.test(input),
  ): Graph {
    const traces = new Map([...new Set(sizes)].map((size) => [size, trace(size)]));
    const { name, size } = this.processes;
    return joinShards(
      sizes.flatMap((samples) => traces.get(samples) ?? []),
      { group: SHARDS, holding: { name, size }, isOwn },
    );
  }
}

/** Throws UsageError unless batches can be divided into this many shards. */
export function checkShards(count: number): void {
  if (Number.isInteger(Math.log2(count)) && count >= 2 && count <= MOST_ROWS) return;
  throw new UsageError(
    `Session: expected deterministicWorld to be 2, 4, 8, … or ${MOST_ROWS} but received ${count}`,
    {
      code: 'ERR_OPTION_VALUE',
    },
  );
}

/**
 * Sizes of `parts` parts of a batch, where `parts` is a power of two: halves, halved again and again; the
 * second half takes an odd sample. So a part is divided like the batch, and its shards end at places that
 * depend only on the batch.
 *
 * @throws UsageError, code ERR_SHARDS, for another number of parts
 */
export function halved(samples: number, parts: number): number[] {
  if (parts === 1) return [samples];
  if (!Number.isInteger(Math.log2(parts)) || parts < 1) {
    throw new UsageError(`halved: expected 1, 2, 4, 8, … parts but received ${parts}`, {
      code: 'ERR_SHARDS',
    });
  }
  const half = Math.floor(samples / 2);
  return [...halved(half, parts / 2), ...halved(samples - half, parts / 2)];
}

/** A part of each shard, as step inputs of the process that holds the shards. */
export interface ShardsPart extends Batch {
  /** Samples per shard. */
  readonly shards: readonly number[];
}

/** Part `part` of `parts` of a batch in shards of these sizes, taken from every shard. */
export function shardsPart(batch: Batch, sizes: readonly number[], part: number, parts: number): ShardsPart {
  const own = shardBatches(batch, sizes).map((shard) => partsOf(shard, parts)[part] ?? shard);
  const named = (arrays: (shard: Batch) => StepArrays) =>
    new Map(
      own.flatMap((shard, index) =>
        [...arrays(shard)].map(([name, data]): [string, TypedArray] => [shardInput(name, index), data]),
      ),
    );
  const shards = own.map(({ samples }) => samples);
  const samples = shards.reduce((sum, size) => sum + size, 0);
  return { samples, shards, x: named(({ x }) => x), y: named(({ y }) => y) };
}

/** The shards of these sizes in a batch. */
export function shardBatches({ samples, x, y }: Batch, sizes: readonly number[]): Batch[] {
  let end = 0;
  return sizes.map((size) => {
    const begin = end;
    end += size;
    return { samples: size, x: cut(x, samples, begin, size), y: cut(y, samples, begin, size) };
  });
}
