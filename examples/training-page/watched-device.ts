/** A device that reports the progress of a program while it runs. */
import type { Device, Executable, PreparedKernel } from '@inplace-abn/core';

/** Chooses the programs to watch, and is called while they run. */
export interface Watcher {
  /**
   * Number of instructions in each part of the program of these kernels (one per instruction, in order);
   * null: do not watch it.
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

/** A device that runs watched programs of `device` in parts, with the same bits. */
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

/** Parts of `length` instructions; the first has fewer, so that each run is cut at different ones. */
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
