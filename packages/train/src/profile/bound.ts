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
export function boundOf({ graph }: Plan, { node }: PlannedInstruction, limits: MachineLimits): Bound {
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

/** The bound of all instructions run in sequence, in seconds. */
export function planBound(plan: Plan, limits: MachineLimits): number {
  return instructionBounds(plan, limits).reduce((sum, bound) => sum + bound, 0);
}
