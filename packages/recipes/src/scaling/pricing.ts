/** Times of the instructions of a step on a device. */
import { type Plan, type PriceList, Prices } from '@inplace-abn/core';
import { instructionBounds, type MachineLimits } from '@inplace-abn/train';

/** A source of instruction times for any step. */
export interface Pricing {
  /** Where the times come from, in a few words. */
  readonly source: string;
  /** Seconds of each instruction, without waiting in collectives. */
  secondsOf(plan: Plan): readonly number[];
}

/** Times of a device that reaches its limits in every instruction. */
export function atLimits(limits: MachineLimits, source: string): Pricing {
  return { source, secondsOf: (plan) => scaled(plan, limits, 1) };
}

/**
 * Times in the proportions of `limits`, scaled so that the steps of `plans`, of a process alone, take
 * `seconds` in all.
 */
export function inTotal(
  seconds: number,
  plans: readonly Plan[],
  limits: MachineLimits,
  source: string,
): Pricing {
  const factor = seconds / total(plans.map((plan) => scaled(plan, limits, 1)));
  return { source, secondsOf: (plan) => scaled(plan, limits, factor) };
}

/**
 * Measured times of some steps. Other steps get times in the proportions of `limits`, scaled by the same
 * ratio.
 */
export function asMeasured(
  measured: ReadonlyMap<Plan, readonly number[]>,
  limits: MachineLimits,
  source: string,
): Pricing {
  const expected = total([...measured.keys()].map((plan) => scaled(plan, limits, 1)));
  const factor = total([...measured.values()]) / expected;
  return { source, secondsOf: (plan) => measured.get(plan) ?? scaled(plan, limits, factor) };
}

/** Times of a price list: measured ones, and others interpolated from them. */
export function atPrices(list: PriceList): Pricing {
  const prices = new Prices(list);
  return { source: `prices of ${list.machine}`, secondsOf: (plan) => prices.secondsOf(plan) };
}

/** Limits with only a known proportion: operations that a device performs per byte moved. */
export function proportions(balance: number): MachineLimits {
  return { bandwidth: 1, products: { float32: balance, bfloat16: balance, float16: balance } };
}

/** Seconds of all instructions of all steps. */
export function total(steps: readonly (readonly number[])[]): number {
  return steps.flat().reduce((sum, seconds) => sum + seconds, 0);
}

/** Collectives work in place, so only their waiting takes time. */
function scaled(plan: Plan, limits: MachineLimits, factor: number): number[] {
  const bounds = instructionBounds(plan, limits);
  return plan.instructions.map(({ node }, i) => (node.op.effects.collective ? 0 : factor * (bounds[i] ?? 0)));
}
