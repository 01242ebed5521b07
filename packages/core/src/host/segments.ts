/**
 * Programs with ops that JavaScript computes. The device runs what lies between two of them as it would a whole step; where
 * it stops, the op reads its operands out of the device's memory and writes its result there.
 */
import type {
  Device,
  Executable,
  Feed,
  Fetch,
  LoadedInstruction,
  RunResult,
  Timing,
} from '../devices/device.js';
import { HostKernel } from './kernel.js';

/** Loads instructions of a device and of the host. */
export function load(device: Device, instructions: readonly LoadedInstruction[]): Executable {
  const own = instructions.filter(({ kernel }) => !(kernel instanceof HostKernel));
  const executable = device.load(own);
  return own.length === instructions.length ? executable : new Segments(executable, instructions);
}

class Segments implements Executable {
  /** For each instruction, and the end, how many of the device come before it. */
  private readonly before: readonly number[];
  readonly prefetch?: Executable['prefetch'];

  constructor(
    private readonly device: Executable,
    private readonly instructions: readonly LoadedInstruction[],
  ) {
    const before = [0];
    for (const { kernel } of instructions)
      before.push((before.at(-1) ?? 0) + (kernel instanceof HostKernel ? 0 : 1));
    this.before = before;
    if (device.prefetch) this.prefetch = (feeds) => device.prefetch?.(feeds);
  }

  async run(
    feeds: readonly Feed[],
    fetches: readonly Fetch[],
    { begin, end }: { begin: number; end: number },
    timed: boolean,
  ): Promise<RunResult> {
    const timings: Timing[] = [];
    let [waiting, from] = [feeds, begin];
    for (let at = begin; at < end; at++) {
      const instruction = this.instructions[at];
      if (!(instruction?.kernel instanceof HostKernel)) continue;
      timings.push(...(await this.segment(waiting, [], from, at, timed)).timings);
      const started = seconds();
      instruction.kernel.run(instruction);
      if (timed) timings.push({ begin: started, end: seconds() });
      [waiting, from] = [[], at + 1];
    }
    const last = await this.segment(waiting, fetches, from, end, timed);
    return { values: last.values, timings: [...timings, ...last.timings] };
  }

  private segment(
    feeds: readonly Feed[],
    fetches: readonly Fetch[],
    begin: number,
    end: number,
    timed: boolean,
  ): Promise<RunResult> {
    const range = { begin: this.before[begin] ?? 0, end: this.before[end] ?? 0 };
    return this.device.run(feeds, fetches, range, timed);
  }
}

/** Of the clock that devices' timings are of. */
function seconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
