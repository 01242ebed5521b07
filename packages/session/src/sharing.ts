/** Sessions that train together, each on its part of a batch. */
import { createHash } from 'node:crypto';
import { CommError, type GroupShape } from '@inplace-abn/comm';
import { collectivesOf, type DeviceMemory, type Graph } from '@inplace-abn/core';
import type { Loss, LossFunction, Signals } from '@inplace-abn/nn';
import type { TypedArray } from '@inplace-abn/tensor';
import { partSize, type StepArrays } from './arrays.js';
import type { StepResult } from './fit.js';
import { unnamedAs } from './signals.js';

/** The part of a process group that a session needs; `ProcessGroup` of @inplace-abn/comm implements it. */
export interface SessionGroup extends GroupShape {
  /** This process, from 0 to `size` − 1. */
  readonly rank: number;
  /** The value of every process, by rank. */
  gatherValues<T>(value: T): Promise<T[]>;
  /** Overwrites device memory with that of rank 0. */
  broadcastMemory(memory: DeviceMemory): Promise<void>;
}

/** A process's part of a batch, by member: the process itself, or the shards that it holds. */
export interface Part {
  readonly samples: readonly number[];
  /** Their counts, which add up to the divisor of the loss; undefined: the loss is a mean over samples. */
  readonly counts: readonly number[] | undefined;
}

/** Announces a step, which must be the same on all processes. */
interface Announcement extends Part {
  readonly exchanges: string;
  /** Whether it still lacks the states of rank 0. */
  readonly fresh: boolean;
}

/** Announces that a process makes no step now: between epochs, or because it stops. */
interface Pause {
  readonly stops: boolean;
}

/** The parts of one batch, by member of the group: a process or a shard. */
export class Shares {
  constructor(
    readonly samples: readonly number[],
    /** Divisor of the loss of the whole batch, so that parts add up; undefined: the mean over samples. */
    readonly count?: number,
    /** Whether the states of rank 0 must be shared first. */
    readonly fresh = false,
  ) {}

  /**
   * Joins the parts of all processes. Counts are added in order, so that the sum does not depend on which
   * process has them.
   */
  static of(parts: readonly Part[], fresh = false): Shares {
    const counts = parts.flatMap((part) => part.counts ?? []);
    const counted = parts.some((part) => part.counts !== undefined);
    return new Shares(
      parts.flatMap(({ samples }) => samples),
      counted ? counts.reduce((sum, count) => sum + count, 0) : undefined,
      fresh,
    );
  }

  /** Samples of all members. */
  get total(): number {
    return this.samples.reduce((sum, own) => sum + own, 0);
  }

  /** One part of a batch that each member divides. */
  part(index: number, parts: number): Shares {
    return new Shares(
      this.samples.map((own) => partSize(own, parts, index)),
      this.count,
    );
  }

  /** The member's share of the loss. */
  share(member: number): Float32Array {
    return Float32Array.of((this.samples[member] ?? 0) / this.total);
  }

  /** Combines the results of all members. */
  result<M extends string>(metrics: readonly string[], outputs: StepArrays): StepResult<M> {
    const means = metrics.map((name) => [name, this.mean(outputs.get(`metric.${name}`))]);
    return { samples: this.total, loss: this.loss(outputs.get('loss')), metrics: Object.fromEntries(means) };
  }

  /** The loss over all members. */
  loss(values: TypedArray | undefined): number {
    return this.count === undefined ? this.mean(values) : this.sum(values);
  }

  private sum(values: TypedArray | undefined): number {
    const stride = (values?.length ?? 0) / this.samples.length;
    return this.samples.reduce((sum, _, rank) => sum + Number(values?.[rank * stride]), 0);
  }

  /**
   * The mean of the members' values over all samples; for int32 counts, the share of the samples.
   */
  mean(values: TypedArray | undefined): number {
    const counted = values instanceof Int32Array;
    // Exchanged values are padded.
    const stride = (values?.length ?? 0) / this.samples.length;
    return this.samples.reduce((sum, samples, rank) => {
      const value = Number(values?.[rank * stride]);
      return sum + (counted ? value / this.total : value * (samples / this.total));
    }, 0);
  }
}

/** Divisor of the loss for these targets; undefined: the loss is a mean over samples. */
export function countOf<Out extends Signals, Target extends Signals>(
  loss: Loss<Out, Target> | LossFunction<Out, Target> | undefined,
  targets: StepArrays,
): number | undefined {
  // The step reports targets of another form.
  if (typeof loss !== 'object' || ![...targets.values()].every(ArrayBuffer.isView)) return undefined;
  return loss.count?.(unnamedAs<Target, TypedArray>('target', targets));
}

/**
 * Exchanges with the other processes of a group what each is about to do. Every process calls this or {@link
 * pause}. 'stopped': another process ends its training here, and no process makes the step.
 *
 * @throws CommError, on all processes, if they would exchange different things and wait for each other
 * forever
 */
export async function agreed(
  group: SessionGroup,
  graph: Graph,
  part: Part & { readonly fresh: boolean },
): Promise<Shares | 'stopped'> {
  const own: Announcement = { ...part, exchanges: digestOf(graph) };
  const all = await met(group, own);
  if (all === 'stopped') return all;
  const steps = all.filter((each): each is Announcement => 'exchanges' in each);
  steps.forEach(({ exchanges }, rank) => {
    if (exchanges === steps[0]?.exchanges) return;
    throw new CommError(
      `the steps of rank 0 and rank ${rank} differ in what they exchange: train the same network, with the same options, on both`,
    );
  });
  return Shares.of(
    steps,
    steps.some((each) => each.fresh),
  );
}

/**
 * Agrees on whether to stop, between steps or while other processes make one. All stop if any process does.
 *
 * @throws CommError, on all processes, if some have batches left and others do not
 */
export async function pause(group: SessionGroup, stops: boolean): Promise<boolean> {
  const own: Pause = { stops };
  return (await met(group, own)) === 'stopped';
}

async function met(
  group: SessionGroup,
  own: Announcement | Pause,
): Promise<readonly (Announcement | Pause)[] | 'stopped'> {
  const all = await group.gatherValues(own);
  if (all.some((each) => 'stops' in each && each.stops)) return 'stopped';
  const ended = all.findIndex((each) => 'stops' in each);
  const going = all.findIndex((each) => 'exchanges' in each);
  if (ended < 0 || going < 0) return all;
  throw new CommError(
    `rank ${ended} has no more batches in this epoch while rank ${going} has: give every process the same number of batches`,
  );
}

const digests = new WeakMap<Graph, string>();

function digestOf(graph: Graph): string {
  const known = digests.get(graph);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(collectivesOf(graph).join('\n')).digest('hex').slice(0, 16);
  digests.set(graph, digest);
  return digest;
}
