/** The `control` section of a configuration. */
import { z } from 'zod';
import { flag, integerFrom, minusOneOr, numberAbove, numberFrom, section } from './fields.js';

export const controlSection = section({
  patience: integerFrom(0).default(0),
  min_delta: numberFrom(0).default(0),
  time_limit: minusOneOr(seconds, 'seconds above 0, or a text such as "90s", "30m" or "11.5h"').default(-1),
  log_gradient_norm: flag().default(false),
});

/**
 * - `patience`: epochs without a better result after which the run ends, complete; 0: it never ends early.
 *   Better is above the best so far by more than `min_delta` percent points
 * - `time_limit`: seconds after which a process saves and stops, as on a signal; −1: none
 * - `log_gradient_norm`: writes the global norm of the gradients, before clipping, of every step
 */
export type ControlConfig = z.output<typeof controlSection>;

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };

function seconds(expected: string) {
  return z.preprocess(
    (value) => {
      const match = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*$/.exec(value) : null;
      return match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1) : value;
    },
    numberAbove(0, expected),
  );
}
