import { z } from 'zod';
import {
  absentAsEmpty,
  integerFrom,
  number,
  numberAbove,
  numberFrom,
  positiveInteger,
  section,
  share,
} from './fields.js';

const mode = z.enum(['epoch', 'step'], 'one of').default('epoch');
const epochs = integerFrom(0).default(10);
const gamma = numberAbove(0);
/** Lasts `length` epochs or steps, as `mode` says; 0: none. */
const warmup = absentAsEmpty(
  section({
    /** Epochs or steps, as `mode` says, before the schedule begins. 0, the default: no warm-up. */
    length: numberFrom(0).default(0),
    /**
     * `linear` rises from `factor` to 1, `constant` stays at `factor`, like PyTorch's LinearLR and
     * ConstantLR. Default `linear`.
     */
    type: z.enum(['linear', 'constant'], 'one of').default('linear'),
    /** Factor on the base rate at the start, above 0 and at most 1. Default 0.01. */
    factor: share().default(0.01),
  }),
);
const common = {
  /** Unit of the schedule and its warm-up: `epoch` or `step`. Default `epoch`. */
  mode,
  /** Epochs in all, warm-up included; with 0 nothing is trained. Default 10. */
  epochs,
  /** Warm-up before the schedule begins. Default: none. */
  warmup,
};
const min_rate = numberFrom(0).default(0);

/**
 * One schema per schedule type, because each takes its own `params`.
 *
 * The semantics are PyTorch's: `step_size` and `milestones` count what `mode` names (epochs or steps);
 * milestones may come in any order, and each occurrence multiplies by `gamma`; `linear` multiplies the base
 * rate by `it * alpha + beta`; `cosine` and `polynomial` fall from the end of the warm-up to `min_rate` at
 * the end of the last epoch.
 */
export const schedules = {
  constant: section({
    type: z.literal('constant', 'one of').default('constant'),
    ...common,
    params: section({}).prefault({}),
  }),
  step: section({
    type: z.literal('step', 'one of'),
    ...common,
    params: absentAsEmpty(section({ step_size: positiveInteger(), gamma: gamma.default(0.1) })),
  }),
  multistep: section({
    type: z.literal('multistep', 'one of'),
    ...common,
    params: absentAsEmpty(section({ milestones: milestones(), gamma: gamma.default(0.1) })),
  }),
  exponential: section({
    type: z.literal('exponential', 'one of'),
    ...common,
    params: absentAsEmpty(section({ gamma })),
  }),
  linear: section({
    type: z.literal('linear', 'one of'),
    ...common,
    params: absentAsEmpty(section({ alpha: number(), beta: number() })),
  }),
  cosine: section({
    type: z.literal('cosine', 'one of'),
    ...common,
    params: absentAsEmpty(section({ min_rate })),
  }),
  polynomial: section({
    type: z.literal('polynomial', 'one of'),
    ...common,
    params: absentAsEmpty(section({ power: numberAbove(0).default(1), min_rate })),
  }),
};

/** Name of a schedule in a configuration. */
export type ScheduleType = keyof typeof schedules;
/** The `optimizer.schedule` section of a configuration. `params` depends on the type. */
export type ScheduleConfig = z.output<(typeof schedules)[ScheduleType]>;

const scheduleTypes = Object.keys(schedules) as ScheduleType[];

export function isScheduleType(type: unknown): type is ScheduleType {
  return typeof type === 'string' && Object.hasOwn(schedules, type);
}

/** Stands in for a schedule whose type is not known: reports the type and the common keys, never succeeds. */
export const unknownSchedule = section({
  type: z.enum(scheduleTypes, 'one of'),
  ...common,
  params: z.unknown(),
}).transform(() => z.NEVER);

function milestones() {
  const expected = 'a list of positive integers';
  return z.array(positiveInteger(), expected).min(1, expected);
}
