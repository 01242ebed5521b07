/** Sessions that train together, each on its part of a batch. */
import { createHash } from 'node:crypto';
import { CommError, type GroupShape } from '@inplace-abn/comm';
import { collectivesOf, type DeviceMemory, type Graph } from '@inplace-abn/core';
import type { Loss, LossFunction, Signals } from '@inplace-abn/nn';
import type { TypedArray } from '@inplace-abn/tensor';
import { partSize, type StepArrays } from './arrays.js';
import { unnamedAs } from './signals.js';

/** The interface that a session needs of a process group; `ProcessGroup` of @inplace-abn/comm has it. */
export interface SessionGroup extends GroupShape {
  /** This process, from 0 to `size` − 1. */
  readonly rank: number;
  /** The value of every process, by rank. */
  gatherValues<T>(value: T): Promise<T[]>;
  /** Overwrites device memory with that of rank 0. */
  broadcastMemory(memory: DeviceMemory): Promise<void>;
}

/** The part of a batch that one process has. */
export interface Part {
  readonly samples: number;
  /** Its part of the divisor of the loss; undefined: the loss is a mean over samples. */
  readonly count: number | undefined;
}

/** A step as the others must be about to make it. */
interface Announcement extends Part {
  readonly exchanges: string;
  /** Whether it has not been given the states of rank 0. */
  readonly fresh: boolean;
}

/** Where a process is in a loop over batches when it makes no step. */
interface Pause {
  readonly stops: boolean;
}

/** The parts of one batch, by rank. */
export class Shares {
  constructor(
    private readonly samples: readonly number[],
    private readonly rank = 0,
    /** Divisor of the loss of the whole batch, whose parts then add up; undefined: the mean over samples. */
    readonly count?: number,
    /** Whether the states of rank 0 are due. */
    readonly fresh = false,
  ) {}

  /** Samples of all processes. */
  get total(): number {
    return this.samples.reduce((sum, own) => sum + own, 0);
  }

  /** The part of this process. */
  get own(): number {
    return (this.samples[this.rank] ?? 0) / this.total;
  }

  /** Those of one part of a batch that each process divides. */
  part(index: number, parts: number): Shares {
    return new Shares(
      this.samples.map((own) => partSize(own, parts, index)),
      this.rank,
      this.count,
    );
  }

  /** Inputs of a training step for this part: those of a graph that shares its batch. */
  scalars(grouped: boolean): [string, TypedArray][] {
    if (this.count !== undefined) return [['count', Float32Array.of(this.count)]];
    return grouped ? [['share', Float32Array.of(this.own)]] : [];
  }

  /** The loss over all processes. */
  loss(values: TypedArray | undefined): number {
    return this.count === undefined ? this.mean(values) : this.sum(values);
  }

  private sum(values: TypedArray | undefined): number {
    const stride = (values?.length ?? 0) / this.samples.length;
    return this.samples.reduce((sum, _, rank) => sum + Number(values?.[rank * stride]), 0);
  }

  /** The mean over all samples of what each process says of its own; of int32 counts, the share of the samples. */
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
  // Targets of another form fail in the step, with a sentence.
  if (typeof loss !== 'object' || ![...targets.values()].every(ArrayBuffer.isView)) return undefined;
  return loss.count?.(unnamedAs<Target, TypedArray>('target', targets));
}

/**
 * Tells the others of a group what this process is about to do, and hears it of them. Every process calls it, or {@link pause}.
 * 'stopped': another process ends its training here, and no process makes the step.
 *
 * @throws CommError, on all of them, where they would exchange different things and wait for each other forever
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
  return new Shares(
    steps.map((each) => each.samples),
    group.rank,
    part.count === undefined ? undefined : steps.reduce((sum, { count = 0 }) => sum + count, 0),
    steps.some((each) => each.fresh),
  );
}

/**
 * Agrees between steps, or where the others make one, whether the training stops: it does where any process does.
 *
 * @throws CommError, on all processes, where some have batches left and others have not
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
    `rank ${ended} has no more batches in this epoch while rank ${going} has: give every process as many batches`,
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

/** Far from the seeds of the steps to come: random draws are of each process's own. */
const RANK_SEED = 0x9e3779b1;

/** One part of a training step's batch, among `parts` of this process. */
export interface PartPosition {
  readonly seed: number;
  /** Updates before it. */
  readonly updates: number;
  readonly parts: number;
  readonly index: number;
  readonly rank: number;
  /** Of its gradients in the sum over parts. */
  readonly factor: number;
}

/** Inputs of a training step that differ between the parts of a batch. */
export function partScalars(at: PartPosition): [string, TypedArray][] {
  const { seed, updates, parts, index, rank, factor } = at;
  const drawn = (seed + updates * parts + index + rank * RANK_SEED) | 0;
  const scalars: [string, TypedArray][] = [['seed', Int32Array.of(drawn)]];
  if (parts === 1) return scalars;
  return [...scalars, ['keep', Float32Array.of(index === 0 ? 0 : 1)], ['factor', Float32Array.of(factor)]];
}
