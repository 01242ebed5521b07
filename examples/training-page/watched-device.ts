/** A device that tells how far a program is while it runs. */
import type { Device, Executable, PreparedKernel } from '@inplace-abn/core';

/** Chooses the programs to watch, and hears of them. */
export interface Watcher {
  /**
   * Instructions of each part into which to divide the program of these kernels, one per instruction and in
   * their order; null: the program is not watched.
   */
  division(kernels: readonly PreparedKernel[]): number | null;
  /** An instruction of a watched program begins; null: a program runs that is not watched. */
  onInstruction(index: number | null): void;
}

/** Instructions [begin, end). */
interface Range {
  readonly begin: number;
  readonly end: number;
}

/** `device`, which runs watched programs in parts; the results have the same bits. */
export function watched(device: Device, watcher: Watcher): Device {
  const load: Device['load'] = (instructions) => {
    const executable = device.load(instructions);
    const length = watcher.division(instructions.map(({ kernel }) => kernel));
    const run = length === null ? unseen(executable, watcher) : inParts(executable, watcher, length);
    return { ...executable, run };
  };
  return Object.create(device, { load: { value: load } });
}

function inParts(executable: Executable, watcher: Watcher, length: number): Executable['run'] {
  let runs = 0;
  return async (feeds, fetches, range, timed) => {
    const results = [];
    for (const part of partsOf(range, length, runs++)) {
      watcher.onInstruction(part.begin);
      const [first, last] = [part.begin === range.begin, part.end === range.end];
      results.push(await executable.run(first ? feeds : [], last ? fetches : [], part, timed));
    }
    return { values: results.at(-1)?.values ?? [], timings: results.flatMap(({ timings }) => timings) };
  };
}

/** Parts of `length` instructions; the first one has fewer, so that every run is cut at other ones. */
function partsOf({ begin, end }: Range, length: number, run: number): Range[] {
  const cuts: number[] = [];
  for (let at = begin + 1 + (run % length); at < end; at += length) cuts.push(at);
  return [begin, ...cuts].map((at, index) => ({ begin: at, end: cuts[index] ?? end }));
}

function unseen(executable: Executable, watcher: Watcher): Executable['run'] {
  return (...run) => {
    watcher.onInstruction(null);
    return executable.run(...run);
  };
}
