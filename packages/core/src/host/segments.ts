/**
 * Programs that contain ops computed by JavaScript. The device runs the instructions between two such ops as
 * one segment. At a host op it stops; the op copies its operands from device memory and writes its result
 * back.
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

/** Loads a list of device and host instructions. */
export function load(device: Device, instructions: readonly LoadedInstruction[]): Executable {
  const own = instructions.filter(({ kernel }) => !(kernel instanceof HostKernel));
  const executable = device.load(own);
  return own.length === instructions.length ? executable : new Segments(executable, instructions);
}

class Segments implements Executable {
  /** Number of device instructions before each instruction, and before the end. */
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
      try {
        instruction.kernel.run(instruction);
      } catch (error) {
        // Report the op's error even if a pending sum fails, too.
        await this.device.settle?.().catch(() => undefined);
        throw error;
      }
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

/** Same clock as the timings of devices. */
function seconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
