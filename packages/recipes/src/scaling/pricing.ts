/** How long a device takes for each instruction of a step. */
import { type Plan, type PriceList, Prices } from '@inplace-abn/core';
import { instructionBounds, type MachineLimits } from '@inplace-abn/train';

/** Gives the instructions of any step their times. */
export interface Pricing {
  /** Where the times come from, in a few words. */
  readonly source: string;
  /** Seconds of each instruction, those of collectives without the wait for others. */
  secondsOf(plan: Plan): readonly number[];
}

/** Times of a device that reaches its limits in every instruction. */
export function atLimits(limits: MachineLimits, source: string): Pricing {
  return { source, secondsOf: (plan) => scaled(plan, limits, 1) };
}

/**
 * Times in the proportions of `limits`, such that the steps of `plans`, which are one process's alone, take
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
 * Times as measured of some steps; others get theirs in the proportions of `limits`, with the same ratio to
 * them.
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

/** Limits of which only the proportion is known: operations that a device performs for each byte it moves. */
export function proportions(balance: number): MachineLimits {
  return { bandwidth: 1, products: { float32: balance, bfloat16: balance, float16: balance } };
}

/** Seconds of all instructions of all steps. */
export function total(steps: readonly (readonly number[])[]): number {
  return steps.flat().reduce((sum, seconds) => sum + seconds, 0);
}

/** Collectives work in place: they cost what they wait for. */
function scaled(plan: Plan, limits: MachineLimits, factor: number): number[] {
  const bounds = instructionBounds(plan, limits);
  return plan.instructions.map(({ node }, i) => (node.op.effects.collective ? 0 : factor * (bounds[i] ?? 0)));
}
