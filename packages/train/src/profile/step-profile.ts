/** Profiles training steps by op and by layer, and compares times with the device's limits. */
import { type Plan, type PriceList, Prices, type Timing } from '@inplace-abn/core';
import { boundOf } from './bound.js';
import type { MachineLimits } from './limits.js';
import type { TracedEngine } from './traced.js';

/** Totals over a group of instructions in one step. */
export interface ProfileRow {
  /** The op, or the path of the layer. */
  readonly name: string;
  /** Instructions per step. */
  readonly calls: number;
  /** Per step: the mean over the profiled steps. */
  readonly seconds: number;
  /** Floating-point operations per step. */
  readonly flops: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
  /** Roofline bound in seconds, summed over the instructions. */
  readonly bound: number;
  /** Seconds per step that a price list predicts; left out without one. */
  readonly predicted?: number;
}

/** Times by op and layer. */
export interface ProfileReport {
  /** The hardware, in words. */
  readonly device: string;
  /** Measured limits of this machine, which the bounds are computed from. */
  readonly limits: MachineLimits;
  /** Number of profiled steps. */
  readonly steps: number;
  /** Seconds of a step, over all instructions. */
  readonly seconds: number;
  /** Seconds of a step as a price list predicts them; left out without one. */
  readonly predicted?: number;
  /** Rows by op, the longest first. */
  readonly ops: readonly ProfileRow[];
  /** Rows by module path, the longest first. */
  readonly layers: readonly ProfileRow[];
}

/** Warm-up steps that are not counted. */
const SKIPPED_STEPS = 2;

/** Times every training step of an engine from now on. */
export class StepProfile {
  private readonly seconds: number[] = [];
  private readonly plan: Plan;
  /** Predicted seconds by instruction; null without a price list. */
  private readonly predicted: readonly number[] | null;
  private steps = 0;

  /**
   * Begins to time. The first two steps are left out.
   *
   * @param device name of the device, for the report
   * @param limits of the device, from which the bound of each instruction follows
   * @param prices adds predicted times to the report
   */
  constructor(
    engine: TracedEngine,
    private readonly device: string,
    private readonly limits: MachineLimits,
    prices?: PriceList,
  ) {
    this.plan = engine.plan;
    this.predicted = prices ? new Prices(prices).secondsOf(this.plan) : null;
    engine.trace((timings) => this.add(timings));
  }

  private add(timings: readonly Timing[]): void {
    if (this.steps++ < SKIPPED_STEPS) return;
    timings.forEach(({ begin, end }, i) => {
      this.seconds[i] = (this.seconds[i] ?? 0) + end - begin;
    });
  }

  /** Null before the first counted step. */
  report(): ProfileReport | null {
    const steps = this.steps - SKIPPED_STEPS;
    if (steps < 1) return null;
    const rows = this.rows(steps);
    return {
      device: this.device,
      limits: this.limits,
      steps,
      seconds: rows.reduce((sum, { row }) => sum + row.seconds, 0),
      ...(this.predicted && { predicted: this.predicted.reduce((sum, seconds) => sum + seconds, 0) }),
      ops: grouped(rows, ({ op }) => op),
      layers: grouped(rows, ({ path }) => path || 'outside layers'),
    };
  }

  private rows(steps: number): Instruction[] {
    return this.plan.instructions.map((instruction, i): Instruction => {
      const { op, path } = instruction.node;
      const seconds = (this.seconds[i] ?? 0) / steps;
      const bound = boundOf(this.plan, instruction, this.limits);
      const predicted = this.predicted && { predicted: this.predicted[i] ?? 0 };
      return { op: op.name, path, row: { name: '', calls: 1, seconds, ...bound, ...predicted } };
    });
  }
}

interface Instruction {
  readonly op: string;
  readonly path: string;
  readonly row: ProfileRow;
}

function grouped(instructions: readonly Instruction[], nameOf: (of: Instruction) => string): ProfileRow[] {
  const rows = new Map<string, ProfileRow>();
  for (const instruction of instructions) {
    const name = nameOf(instruction);
    const { row } = instruction;
    const sum = rows.get(name);
    rows.set(name, sum ? added(sum, row) : { ...row, name });
  }
  return [...rows.values()].sort((a, b) => b.seconds - a.seconds);
}

function added(a: ProfileRow, b: ProfileRow): ProfileRow {
  return {
    name: a.name,
    calls: a.calls + b.calls,
    seconds: a.seconds + b.seconds,
    flops: a.flops + b.flops,
    bytes: a.bytes + b.bytes,
    bound: a.bound + b.bound,
    ...(a.predicted !== undefined && { predicted: a.predicted + (b.predicted ?? 0) }),
  };
}
