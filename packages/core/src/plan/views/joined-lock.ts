/** One lock of the steps that make up another, such as those of a batch's parts. */
import type { LayerChoice, PlanLock } from './lock.js';

/** A step, and how often it is made. */
export interface LockedPart {
  /** Goes before the names of its layers; '': they keep their names. */
  readonly name: string;
  /** How often it is made for one update. */
  readonly times: number;
  /** The lock of the step alone. */
  readonly lock: PlanLock;
}

/**
 * Steps that are made one after the other in one arena: bytes are those of the step that needs most, work is
 * the sum, and the layers are those of all steps.
 *
 * @param parts one at least
 */
export function joinedLock(title: string, parts: readonly LockedPart[]): PlanLock {
  const locks = parts.map(({ lock }) => lock);
  const largest = locks.reduce((most, lock) => (lock.peak > most.peak ? lock : most));
  const most = (of: (lock: PlanLock) => number): number => Math.max(...locks.map(of));
  const sum = (of: (lock: PlanLock) => number): number =>
    parts.reduce((total, { times, lock }) => total + times * of(lock), 0);
  const again = sum(({ work, moreWork }) => work - work / (1 + moreWork));
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
    moreWork: again / (work - again),
    layers: Object.fromEntries(parts.flatMap(layersOf)),
  };
}

function layersOf({ name, lock: { layers } }: LockedPart): [string, LayerChoice][] {
  return Object.entries(layers).map(([layer, choice]) => [name === '' ? layer : `${name}: ${layer}`, choice]);
}
