/** The `control` section of a configuration. */
import { z } from 'zod';
import { flag, integerFrom, minusOneOr, numberAbove, numberFrom, section } from './fields.js';

export const controlSection = section({
  /** Epochs without a better result after which the run ends early, as complete. 0, the default: never. */
  patience: integerFrom(0).default(0),
  /**
   * Percentage points by which a result must exceed the last one that counted to count for `patience`, as in
   * Keras and Lightning. Default 0.
   */
  min_delta: numberFrom(0).default(0),
  /**
   * Seconds from the start of the process after which it saves and stops, as on a signal; a file may say
   * `"11.5h"`. −1, the default: no limit.
   */
  time_limit: minusOneOr(seconds, 'seconds above 0, or a text such as "90s", "30m" or "11.5h"').default(-1),
  /** Whether to write the global norm of the gradients, before clipping, of every step. Default false. */
  log_gradient_norm: flag().default(false),
});

/** When a run ends early, and what it logs in addition. */
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
