/** The least time that the limits of a device allow: whichever takes longer, moving the bytes or computing. */
import { costOf, type DataDType, type Plan, type PlannedInstruction, valueInfo } from '@inplace-abn/core';
import type { MachineLimits } from './limits.js';

export interface Bound {
  readonly flops: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
  /** Seconds. */
  readonly bound: number;
}

/** Of one instruction; products count in the dtype of its data. */
export function boundOf({ graph }: Plan, { node }: PlannedInstruction, limits: MachineLimits): Bound {
  const { flops, bytes } = costOf(graph, node);
  const [input] = node.inputs;
  const dtype = input === null || input === undefined ? 'float32' : valueInfo(graph, input).dtype;
  const rate = limits.products[dtype as DataDType];
  return { flops, bytes, bound: Math.max(bytes / limits.bandwidth, rate ? flops / rate : 0) };
}

/** Of all instructions, one after the other: seconds. */
export function planBound(plan: Plan, limits: MachineLimits): number {
  return plan.instructions.reduce((sum, instruction) => sum + boundOf(plan, instruction, limits).bound, 0);
}
