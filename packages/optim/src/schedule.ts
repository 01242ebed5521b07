/** Learning-rate schedules with PyTorch's semantics, as pure functions of the epoch or step. */
import {
  checkChoice,
  checkNumber,
  checkOptionNames,
  described,
  type NumberRange,
  UsageError,
} from '@inplace-abn/core';

/** A learning-rate schedule and its options. */
export type ScheduleOptions =
  | {
      /** The base rate throughout. */
      readonly type: 'constant';
    }
  | {
      /** StepLR: times `gamma` every `stepSize`. */
      readonly type: 'step';
      /** Epochs or steps between two changes, above 0. */
      readonly stepSize: number;
      /** Factor of each change, from 0. Default 0.1. */
      readonly gamma?: number;
    }
  | {
      /** MultiStepLR: times `gamma` at each milestone. */
      readonly type: 'multistep';
      /** Epochs or steps of the changes, from 0, in any order; one that is named twice counts twice. */
      readonly milestones: readonly number[];
      /** Factor of each change, from 0. Default 0.1. */
      readonly gamma?: number;
    }
  | {
      /** ExponentialLR: times `gamma` at every epoch or step. */
      readonly type: 'exponential';
      /** Factor of each change, from 0. */
      readonly gamma: number;
    }
  | {
      /** LambdaLR with alpha·it + beta, at least 0. */
      readonly type: 'linear';
      /** Change of the factor at every epoch or step. */
      readonly alpha: number;
      /** Factor at the beginning. */
      readonly beta: number;
    }
  | {
      /** CosineAnnealingLR: half a cosine from 1 to `minFactor`. */
      readonly type: 'cosine';
      /** Epochs or steps until the factor is `minFactor`, above 0. */
      readonly total: number;
      /** Factor at the end, the minimum rate over the base rate, from 0 to 1. Default 0. */
      readonly minFactor?: number;
    }
  | {
      /** PolynomialLR: minFactor + (1 − minFactor)·(1 − it/total)^power. */
      readonly type: 'polynomial';
      /** Epochs or steps until the factor is `minFactor`, above 0. */
      readonly total: number;
      /** Exponent, from 0. Default 1: linear. */
      readonly power?: number;
      /** Factor at the end, the minimum rate over the base rate, from 0 to 1. Default 0. */
      readonly minFactor?: number;
    };

/** Options of a warm-up in front of a schedule. */
export interface WarmUpOptions {
  /** Epochs or steps of the warm-up. The main schedule starts after it, from its own beginning. */
  readonly length: number;
  /** `linear` rises from `factor` to 1, `constant` stays at `factor`. Default `linear`. */
  readonly type?: 'linear' | 'constant';
  /** Factor on the base rate at the start, above 0 and at most 1. Default 0.01. */
  readonly factor?: number;
}

/** Factor on the base learning rate at `it`, a 0-based epoch or step. */
export type Schedule = (it: number) => number;

const DEFAULT_GAMMA = 0.1;

/**
 * StepLR, MultiStepLR, ExponentialLR, CosineAnnealingLR and PolynomialLR of PyTorch, and `linear`, a LambdaLR
 * with it·alpha + beta, clamped at 0 because a negative rate would ascend. Cosine and polynomial schedules
 * stay at their minimum after `total`.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for an unknown
 * type, and for an option that is missing or out of range
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  checkSchedule(options);
  switch (options.type) {
    case 'constant':
      return () => 1;
    case 'step': {
      const { stepSize, gamma = DEFAULT_GAMMA } = options;
      return (it) => gamma ** Math.floor(it / stepSize);
    }
    case 'multistep': {
      const { milestones, gamma = DEFAULT_GAMMA } = options;
      return (it) => gamma ** milestones.filter((milestone) => milestone <= it).length;
    }
    case 'exponential':
      return (it) => options.gamma ** it;
    case 'linear':
      return (it) => Math.max(0, it * options.alpha + options.beta);
    case 'cosine': {
      const { minFactor = 0 } = options;
      return decay(options, (done) => minFactor + ((1 - minFactor) * (1 + Math.cos(Math.PI * done))) / 2);
    }
    case 'polynomial': {
      const { power = 1, minFactor = 0 } = options;
      return decay(options, (done) => minFactor + (1 - minFactor) * (1 - done) ** power);
    }
  }
}

/** Options of each type with their ranges: the required ones, then those with a default. */
const OPTIONS: Readonly<Record<ScheduleOptions['type'], readonly [Ranges, Ranges]>> = {
  constant: [{}, {}],
  step: [{ stepSize: 'a number above 0' }, { gamma: 'a non-negative number' }],
  multistep: [{ milestones: 'a non-negative number' }, { gamma: 'a non-negative number' }],
  exponential: [{ gamma: 'a non-negative number' }, {}],
  linear: [{ alpha: 'a number', beta: 'a number' }, {}],
  cosine: [{ total: 'a number above 0' }, { minFactor: 'a number from 0 to 1' }],
  polynomial: [
    { total: 'a number above 0' },
    { power: 'a non-negative number', minFactor: 'a number from 0 to 1' },
  ],
};

/** Ranges of options by name; for an array, the range of its numbers. */
type Ranges = Readonly<Record<string, NumberRange>>;

const WHAT = 'createSchedule';

function checkSchedule(options: ScheduleOptions): void {
  if (typeof options !== 'object' || options === null) checkOptionNames(WHAT, options, ['type']);
  const { type } = options;
  checkChoice(WHAT, 'type', Object.keys(OPTIONS), type);
  const [needed, others] = OPTIONS[type];
  const given = new Map<string, unknown>(Object.entries(options));
  checkOptionNames(`${WHAT}: ${type}`, options, ['type', ...Object.keys(needed), ...Object.keys(others)]);
  for (const [name, range] of Object.entries({ ...needed, ...others })) {
    const value = given.get(name);
    if (value === undefined && name in others) continue;
    if (name === 'milestones') checkMilestones(value, range);
    else checkNumber(WHAT, `${name} of ${type}`, range, value);
  }
}

function checkMilestones(milestones: unknown, range: NumberRange): void {
  if (!Array.isArray(milestones)) {
    throw new UsageError(
      `${WHAT}: expected milestones of multistep to be an array of numbers but received ${described(milestones)}`,
      { code: 'ERR_OPTION_VALUE' },
    );
  }
  for (const [index, milestone] of milestones.entries()) {
    checkNumber(WHAT, `milestones[${index}] of multistep`, range, milestone);
  }
}

/** A function of the share of `total` that has passed, from 0 to 1. */
function decay(
  { total }: Extract<ScheduleOptions, { total: number }>,
  at: (done: number) => number,
): Schedule {
  return (it) => at(Math.min(it / total, 1));
}

/**
 * A warm-up, then `schedule` from its beginning: SequentialLR of LinearLR or ConstantLR and a main schedule.
 * A cosine or polynomial `total` counts from the end of the warm-up.
 *
 *     linear:    factor + (1 − factor)·it/length    for it < length
 *     constant:  factor                             for it < length
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for another option; code ERR_OPTION_VALUE, for a length that
 * is negative or not finite, an unknown type, or a factor that is not above 0 and at most 1
 */
export function warmUp(schedule: Schedule, options: WarmUpOptions): Schedule {
  checkOptionNames('warmUp', options, ['length', 'type', 'factor']);
  const { length, type = 'linear', factor = 0.01 } = options;
  checkNumber('warmUp', 'length', 'a non-negative number', length);
  checkChoice('warmUp', 'type', ['linear', 'constant'], type);
  checkNumber('warmUp', 'factor', 'a number above 0 and at most 1', factor);
  return (it) => {
    if (it >= length) return schedule(it - length);
    return type === 'constant' ? factor : factor + ((1 - factor) * it) / length;
  };
}
