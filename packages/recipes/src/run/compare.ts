/** Finds where two runs diverge: the first step, and the first instruction in it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import type { InspectedInstruction } from '../engine/inspected.js';
import { Replay, type ReplayOptions } from './replay.js';

/** The two runs that are compared, each with its configuration and data. */
export type ComparedRuns = readonly [ComparedRun, ComparedRun];

/** A run with what its replay needs. */
export type ComparedRun = Omit<ReplayOptions, 'step' | 'note'>;

/** Where two runs diverge. */
export interface RunDifference {
  /** First step whose recorded losses differ, from 1; null: none does. */
  readonly recorded: number | null;
  /** States that differ before the step is made, such as those of a checkpoint that both have. */
  readonly states: readonly string[];
  /** The step that differs, from 1. */
  readonly step: number;
  /**
   * The first instruction that wrote different bits, or that only one run has; null if the step writes the
   * same bits, or neither run has it.
   */
  readonly at: Made | null;
}

/**
 * Compares recorded losses, then checkpoints of the same steps, and replays both runs to the first
 * instruction that differs. Returns null if losses and checkpoints are the same.
 *
 * @throws as Replay.open and Replay.next do: NotFiniteError and ERR_NOT_THE_RUN for a step that cannot be
 * replayed
 */
export async function compareRuns(runs: ComparedRuns): Promise<RunDifference | null> {
  const recorded = await firstOtherLoss(runs);
  const parted = await firstOtherCheckpoint(runs, recorded ?? Number.POSITIVE_INFINITY);
  if (!parted && recorded === null) return null;
  const { step, states } = await firstOtherStep(runs, parted ?? { step: recorded ?? 0, states: [] });
  return { recorded, states, step, at: await firstInstruction(runs, step) };
}

async function firstOtherLoss(runs: ComparedRuns): Promise<number | null> {
  const [first, second] = await Promise.all(runs.map(({ run }) => lossesOf(run)));
  const common = [...(first ?? [])].filter(([step]) => second?.has(step));
  return common.find(([step, loss]) => !Object.is(loss, second?.get(step)))?.[0] ?? null;
}

/** An instruction without its values. */
type Made = Omit<InspectedInstruction, 'values'>;

async function lossesOf(run: string): Promise<Map<number, number>> {
  const records = await readMetrics(join(run, 'metrics.jsonl')).catch(() => []);
  return new Map(records.filter(({ phase }) => phase === 'train').map(({ step, loss }) => [step, loss]));
}

/** A step that differs, and the states that differ before it. */
type Parted = Pick<RunDifference, 'step' | 'states'>;

/**
 * The step after the earliest common checkpoint, before step `recorded`, whose states differ; null if none
 * differ.
 */
async function firstOtherCheckpoint(runs: ComparedRuns, recorded: number): Promise<Parted | null> {
  const [first = [], second = []] = await Promise.all(
    runs.map(({ run }) => listCheckpoints(join(run, 'checkpoints'))),
  );
  const common = first.map(({ step }) => step).filter((step) => second.some((file) => file.step === step));
  for (const step of common.sort((a, b) => a - b)) {
    if (step >= recorded) break;
    const states = await withBoth(runs, step + 1, otherStates);
    if (states.length > 0) return { step: step + 1, states };
  }
  return null;
}

/**
 * Replays both runs from checkpoints before `known`, and returns the first step that they compute
 * differently. If states already differ at such a checkpoint, an earlier step is the cause, or the file was
 * changed.
 */
async function firstOtherStep(runs: ComparedRuns, known: Parted): Promise<Parted> {
  let found = known;
  // If states differ before the step, an earlier step is the first to differ.
  let last = known.states.length > 0 ? known.step - 1 : known.step;
  for (;;) {
    const [begin, parted] = await withBoth(
      runs,
      last,
      async (first, second): Promise<[number, Parted | null]> => {
        const began = first.step;
        const states = await otherStates(first, second);
        if (states.length > 0) return [began, { step: began + 1, states }];
        while (first.step < last) {
          await first.next();
          await second.next();
          if (first.engine.digest() !== second.engine.digest()) return [0, { step: first.step, states }];
        }
        return [0, null];
      },
    );
    found = parted ?? found;
    if (begin === 0) return found;
    last = begin;
  }
}

/** Inspects the step in one run after the other, because all that both wrote may not fit in memory. */
function firstInstruction(runs: ComparedRuns, step: number): Promise<RunDifference['at']> {
  return withBoth(runs, step, async (first, second) =>
    firstOther(await inspected(first, step), await inspected(second, step)),
  );
}

/** An instruction that has run, with the hash of what it wrote. */
export interface HashedInstruction extends Made {
  readonly hash: string;
}

/** The first instruction of two steps that differs, or that only one of them has; null if there is none. */
export function firstOther(
  first: readonly HashedInstruction[],
  second: readonly HashedInstruction[],
): Made | null {
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const [one, other] = [first[index], second[index]];
    const at = one ?? other;
    if (!at || (one?.hash === other?.hash && one?.op === other?.op && one?.path === other?.path)) continue;
    const { hash: _, ...instruction } = at;
    return instruction;
  }
  return null;
}

/** The instructions of a step, with the hash of what each wrote; none if the run has no such step. */
async function inspected(replay: Replay, step: number): Promise<HashedInstruction[]> {
  const made: HashedInstruction[] = [];
  try {
    await replay.advance(step - 1);
    await replay.inspect(({ values, ...instruction }) => {
      made.push({ ...instruction, hash: hashOf(values) });
    });
  } catch (error) {
    if (!(error instanceof UsageError && error.code === 'ERR_NO_STEP')) throw error;
  }
  return made;
}

function hashOf(values: InspectedInstruction['values']): string {
  const hash = createHash('sha1');
  for (const { data } of values) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('base64');
}

async function otherStates({ engine }: Replay, { engine: other }: Replay): Promise<string[]> {
  const states = other.store.stateDict();
  return [...engine.store.stateDict()].flatMap(([name, { data }]) => {
    const found = states.get(name)?.data;
    if (!found) return [name];
    const bytes = (array: typeof data) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    return bytes(data).equals(bytes(found)) ? [] : [name];
  });
}

/** Both runs before `step`, at the same step. */
async function withBoth<T>(
  [first, second]: ComparedRuns,
  step: number,
  body: (first: Replay, second: Replay) => Promise<T>,
): Promise<T> {
  const replays: Replay[] = [];
  try {
    for (const run of [first, second]) replays.push(await Replay.open({ ...run, step }));
    const [one, other] = replays;
    if (!one || !other) throw new RangeError('expected two runs');
    const begin = Math.max(one.step, other.step);
    await one.advance(begin);
    await other.advance(begin);
    return await body(one, other);
  } finally {
    for (const replay of replays) await replay.close();
  }
}
