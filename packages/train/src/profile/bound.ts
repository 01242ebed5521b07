/** Roofline bound: the larger of the time to move the bytes and the time to compute. */
import { costOf, type DataDType, type Plan, type PlannedInstruction, valueInfo } from '@inplace-abn/core';
import type { MachineLimits } from './limits.js';

export interface Bound {
  readonly flops: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
  /** Seconds. */
  readonly bound: number;
}

/** The bound of one instruction; matrix products count at the rate of its data type. */
export function boundOf(
  { graph }: Plan,
  { node, kernel, part }: PlannedInstruction,
  limits: MachineLimits,
): Bound {
  if (part === 'layout') {
    const bytes = 2 * (kernel.layout?.bytes ?? 0);
    return { flops: 0, bytes, bound: bytes / limits.bandwidth };
  }
  const { flops, bytes } = costOf(graph, node);
  const [input] = node.inputs;
  const dtype = input === null || input === undefined ? 'float32' : valueInfo(graph, input).dtype;
  const rate = limits.products[dtype as DataDType];
  return { flops, bytes, bound: Math.max(bytes / limits.bandwidth, rate ? flops / rate : 0) };
}

/** The bound of each instruction, in seconds. */
export function instructionBounds(plan: Plan, limits: MachineLimits): number[] {
  return plan.instructions.map((instruction) => boundOf(plan, instruction, limits).bound);
}

/**
 * The bound of a run, in seconds: of its instructions in sequence, without the prologue, which runs only when
 * weights have changed.
 */
export function planBound(plan: Plan, limits: MachineLimits): number {
  return instructionBounds(plan, limits)
    .slice(plan.prologue)
    .reduce((sum, bound) => sum + bound, 0);
}
