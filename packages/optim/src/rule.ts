/** Parts that the rules of several optimizers share. */
import { accumulate, add, constant, described, mul, UsageError, type Value } from '@inplace-abn/core';

/** The gradient times the clipping factor, if any. */
export function scaled(gradient: Value, clip: Value | null): Value {
  return clip ? mul(gradient, clip) : gradient;
}

/** gradient + weightDecay·parameter: an L2 penalty. */
export function decayed(gradient: Value, parameter: Value, weightDecay: number): Value {
  return weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
}

/** state ← keep·state + factor·value, in place. */
export function moved(state: Value, value: Value, keep: number, factor: Value | number): Value {
  const scalar = (number: number) => constant(state.tracer, number);
  return accumulate(state, value, {
    keep: scalar(keep),
    factor: typeof factor === 'number' ? scalar(factor) : factor,
  });
}

/**
 * Checks the decay rates of two averages.
 *
 * @throws UsageError, code ERR_OPTION_VALUE
 */
export function checkBetas(what: string, betas: unknown): void {
  const decays = (value: unknown) => typeof value === 'number' && value >= 0 && value < 1;
  if (Array.isArray(betas) && betas.length === 2 && betas.every(decays)) return;
  const received = Array.isArray(betas) ? `[${betas.map(described).join(', ')}]` : described(betas);
  throw new UsageError(
    `${what}: expected betas to be two numbers from 0 to below 1 but received ${received}`,
    { code: 'ERR_OPTION_VALUE' },
  );
}
