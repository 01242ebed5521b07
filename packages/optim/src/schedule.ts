/** Learning-rate schedules with PyTorch's semantics, as pure functions of the epoch or step. */
import { checkOptionNames, described, UsageError } from '@inplace-abn/core';

/** A learning-rate schedule and its options. */
export type ScheduleOptions =
  | {
      /** The base rate throughout. */
      readonly type: 'constant';
    }
  | {
      /** StepLR: times `gamma` every `stepSize`. */
      readonly type: 'step';
      /** Epochs or steps between two changes. */
      readonly stepSize: number;
      /** Factor of each change. Default 0.1. */
      readonly gamma?: number;
    }
  | {
      /** MultiStepLR: times `gamma` at each milestone. */
      readonly type: 'multistep';
      /** Epochs or steps of the changes, in any order; one that is named twice counts twice. */
      readonly milestones: readonly number[];
      /** Factor of each change. Default 0.1. */
      readonly gamma?: number;
    }
  | {
      /** ExponentialLR: times `gamma` at every epoch or step. */
      readonly type: 'exponential';
      /** Factor of each change. */
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
      /** Epochs or steps until the factor is `minFactor`. */
      readonly total: number;
      /** Factor at the end, the minimum rate over the base rate. Default 0. */
      readonly minFactor?: number;
    }
  | {
      /** PolynomialLR: minFactor + (1 − minFactor)·(1 − it/total)^power. */
      readonly type: 'polynomial';
      /** Epochs or steps until the factor is `minFactor`, above 0. */
      readonly total: number;
      /** Exponent. Default 1: linear. */
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
 * @throws UsageError for an unknown type or option, one that is missing or not a number, and a `total` or
 * `minFactor` out of range
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

/** The options of each type; those with a default last. */
const OPTIONS = {
  constant: [[], []],
  step: [['stepSize'], ['gamma']],
  multistep: [['milestones'], ['gamma']],
  exponential: [['gamma'], []],
  linear: [['alpha', 'beta'], []],
  cosine: [['total'], ['minFactor']],
  polynomial: [['total'], ['power', 'minFactor']],
} as const satisfies Record<ScheduleOptions['type'], readonly [readonly string[], readonly string[]]>;

function checkSchedule(options: ScheduleOptions): void {
  if (typeof options !== 'object' || options === null) checkOptionNames('createSchedule', options, ['type']);
  const { type } = options;
  if (!Object.hasOwn(OPTIONS, type)) refuse(`type to be one of ${Object.keys(OPTIONS).join(', ')}`, type);
  const [needed, others]: readonly [readonly string[], readonly string[]] = OPTIONS[type];
  const given = new Map<string, unknown>(Object.entries(options));
  checkOptionNames(`createSchedule: ${type}`, options, ['type', ...needed, ...others]);
  for (const name of [...needed, ...others]) {
    const value = given.get(name);
    if (value === undefined && others.includes(name)) continue;
    const numbers = name === 'milestones' ? value : [value];
    if (Array.isArray(numbers) && numbers.every(Number.isFinite)) continue;
    refuse(`${name} of ${type} to be ${name === 'milestones' ? 'an array of numbers' : 'a number'}`, value);
  }
}

function refuse(expected: string, received: unknown): never {
  throw new UsageError(`createSchedule: expected ${expected} but received ${described(received)}`, {
    code: 'ERR_OPTION_VALUE',
  });
}

/** A function of the share of `total` that has passed, from 0 to 1. */
function decay(
  { type, total, minFactor = 0 }: Extract<ScheduleOptions, { total: number }>,
  at: (done: number) => number,
): Schedule {
  if (!(total > 0))
    throw new UsageError(`createSchedule: ${type} expects a total above 0, received ${total}`);
  if (!(minFactor >= 0 && minFactor <= 1)) {
    throw new UsageError(
      `createSchedule: minFactor is a share of the base rate, 0 to 1, received ${minFactor}`,
    );
  }
  return (it) => at(Math.min(it / total, 1));
}

/**
 * A warm-up, then `schedule` from its beginning: SequentialLR of LinearLR or ConstantLR and a main schedule.
 * A cosine or polynomial `total` counts from the end of the warm-up.
 *
 *     linear:    factor + (1 − factor)·it/length    for it < length
 *     constant:  factor                             for it < length
 *
 * @throws UsageError for a negative length, or a factor that is not above 0 and at most 1
 */
export function warmUp(
  schedule: Schedule,
  { length, type = 'linear', factor = 0.01 }: WarmUpOptions,
): Schedule {
  if (!(length >= 0)) throw new UsageError(`warmUp: expected a length of at least 0, received ${length}`);
  if (!(factor > 0 && factor <= 1)) {
    throw new UsageError(
      `warmUp: factor is a share of the base rate, above 0 and at most 1, received ${factor}`,
    );
  }
  return (it) => {
    if (it >= length) return schedule(it - length);
    return type === 'constant' ? factor : factor + ((1 - factor) * it) / length;
  };
}
