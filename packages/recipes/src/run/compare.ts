/** Finds where two runs part: the first step, and the first instruction in it. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { listCheckpoints } from '@inplace-abn/checkpoint';
import { readMetrics } from '@inplace-abn/train';
import type { InspectedInstruction } from '../engine/engine.js';
import { Replay, type ReplayOptions } from './replay.js';

/** The two runs that are compared, each with its configuration and data. */
export type ComparedRuns = readonly [ComparedRun, ComparedRun];

/** A run with what its replay needs. */
export type ComparedRun = Omit<ReplayOptions, 'step' | 'note'>;

/** Where two runs part. */
export interface RunDifference {
  /** First step whose recorded losses differ, from 1; null: none does. */
  readonly recorded: number | null;
  /** States that differ before the step is made, such as those of a checkpoint that both have. */
  readonly states: readonly string[];
  /** The step that differs, from 1. */
  readonly step: number;
  /** The first instruction that wrote other bits, as the first run has it; null: the step writes the same. */
  readonly at: Omit<InspectedInstruction, 'values'> | null;
}

/**
 * Compares recorded losses, then checkpoints of the same steps, and replays both runs to the first instruction that differs. Returns null
 * where losses and checkpoints are the same.
 *
 * @throws as Replay.open does
 */
export async function compareRuns(runs: ComparedRuns): Promise<RunDifference | null> {
  const recorded = await firstOtherLoss(runs);
  const parted = await firstOtherCheckpoint(runs, recorded ?? Number.POSITIVE_INFINITY);
  if (parted) {
    const step = parted.step + 1;
    return { recorded, states: parted.states, step, at: await firstInstruction(runs, step) };
  }
  if (recorded === null) return null;
  const { step, states } = await firstOtherStep(runs, recorded);
  return { recorded, states, step, at: await firstInstruction(runs, step) };
}

async function firstOtherLoss(runs: ComparedRuns): Promise<number | null> {
  const [first, second] = await Promise.all(runs.map(({ run }) => lossesOf(run)));
  const common = [...(first ?? [])].filter(([step]) => second?.has(step));
  return common.find(([step, loss]) => !Object.is(loss, second?.get(step)))?.[0] ?? null;
}

async function lossesOf(run: string): Promise<Map<number, number>> {
  const records = await readMetrics(join(run, 'metrics.jsonl')).catch(() => []);
  return new Map(records.filter(({ phase }) => phase === 'train').map(({ step, loss }) => [step, loss]));
}

/** The earliest checkpoint of both before the step `recorded` whose states differ. */
async function firstOtherCheckpoint(
  runs: ComparedRuns,
  recorded: number,
): Promise<{ readonly step: number; readonly states: string[] } | null> {
  const [first = [], second = []] = await Promise.all(
    runs.map(({ run }) => listCheckpoints(join(run, 'checkpoints'))),
  );
  const common = first.map(({ step }) => step).filter((step) => second.some((file) => file.step === step));
  for (const step of common.sort((a, b) => a - b)) {
    if (step >= recorded) break;
    const states = await withBoth(runs, step + 1, otherStates);
    if (states.length > 0) return { step, states };
  }
  return null;
}

/**
 * Replays both up to `recorded`, and tells the first step after which their states differ; or the states that do where both begin, if one
 * run has no earlier checkpoint.
 */
function firstOtherStep(
  runs: ComparedRuns,
  recorded: number,
): Promise<Pick<RunDifference, 'step' | 'states'>> {
  return withBoth(runs, recorded, async (first, second) => {
    const states = await otherStates(first, second);
    if (states.length > 0) return { step: first.step + 1, states };
    while (first.step < recorded) {
      await first.next();
      await second.next();
      if (first.engine.digest() !== second.engine.digest()) break;
    }
    return { step: first.step, states };
  });
}

/** Inspects the step in one run after the other: both may not fit in memory with all that they wrote. */
function firstInstruction(runs: ComparedRuns, step: number): Promise<RunDifference['at']> {
  return withBoth(runs, step, async (first, second) => {
    await first.advance(step - 1);
    await second.advance(step - 1);
    const hashes: string[] = [];
    const made: Omit<InspectedInstruction, 'values'>[] = [];
    await first.inspect(({ values, ...instruction }) => {
      hashes.push(hashOf(values));
      made.push(instruction);
    });
    let index = 0;
    let found = -1;
    await second.inspect(({ values, op, path }) => {
      const known = made[index];
      const same = hashes[index] === hashOf(values) && known?.op === op && known.path === path;
      if (!same && found < 0) found = index;
      index += 1;
    });
    return made[found] ?? null;
  });
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
