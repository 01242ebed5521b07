/** One lock for several steps that make up an update, such as those of a batch in parts. */
import type { LayerChoice, PlanLock } from './lock.js';

/** A step, and how often it runs. */
export interface LockedPart {
  /** Prefix of its layers' names; '' for none. */
  readonly name: string;
  /** Number of runs per update. */
  readonly times: number;
  /** The lock of this step. */
  readonly lock: PlanLock;
}

/**
 * The lock of steps that run one after another in one arena. Each total of bytes is the largest of any step,
 * work is the sum over all runs, and the layers are those of all steps.
 *
 * @param parts at least one
 */
export function joinedLock(title: string, parts: readonly LockedPart[]): PlanLock {
  const locks = parts.map(({ lock }) => lock);
  const largest = locks.reduce((most, lock) => (lock.peak > most.peak ? lock : most));
  const most = (of: (lock: PlanLock) => number): number => Math.max(...locks.map(of));
  const sum = (of: (lock: PlanLock) => number): number =>
    parts.reduce((total, { times, lock }) => total + times * of(lock), 0);
  const recompute = sum(({ work, moreWork }) => work - work / (1 + moreWork));
  const work = sum((lock) => lock.work);
  const arenaBytes = most((lock) => lock.arenaBytes);
  // Not every step reads all states.
  const weights = most(({ bytes }) => bytes.weights);
  const optimizer = most(({ bytes }) => bytes.optimizer);
  return {
    ...largest,
    title,
    bytes: { ...largest.bytes, weights, optimizer },
    totalBytes: arenaBytes + weights + optimizer,
    arenaBytes,
    bufferBytes: most(({ bufferBytes }) => bufferBytes),
    keptBytes: most(({ keptBytes }) => keptBytes),
    work,
    moreWork: recompute / (work - recompute),
    layers: Object.fromEntries(parts.flatMap(layersOf)),
  };
}

function layersOf({ name, lock: { layers } }: LockedPart): [string, LayerChoice][] {
  return Object.entries(layers).map(([layer, choice]) => [name === '' ? layer : `${name}: ${layer}`, choice]);
}
