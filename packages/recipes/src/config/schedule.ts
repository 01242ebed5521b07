import { z } from 'zod';
import { absentAsEmpty, integerFrom, number, numberAbove, positiveInteger, section } from './fields.js';

const mode = z.enum(['epoch', 'step'], 'one of').default('epoch');
const epochs = integerFrom(0).default(10);
const gamma = numberAbove(0);

/**
 * One schema per schedule type, because each takes its own `params`.
 *
 * The semantics are PyTorch's: `step_size` and `milestones` count what `mode` names (epochs or steps);
 * milestones may come in any order, and each occurrence multiplies by `gamma`; `linear` multiplies the base rate by `it * alpha + beta`.
 */
export const schedules = {
  constant: section({
    type: z.literal('constant', 'one of').default('constant'),
    mode,
    epochs,
    params: section({}).prefault({}),
  }),
  step: section({
    type: z.literal('step', 'one of'),
    mode,
    epochs,
    params: absentAsEmpty(section({ step_size: positiveInteger(), gamma: gamma.default(0.1) })),
  }),
  multistep: section({
    type: z.literal('multistep', 'one of'),
    mode,
    epochs,
    params: absentAsEmpty(section({ milestones: milestones(), gamma: gamma.default(0.1) })),
  }),
  exponential: section({
    type: z.literal('exponential', 'one of'),
    mode,
    epochs,
    params: absentAsEmpty(section({ gamma })),
  }),
  linear: section({
    type: z.literal('linear', 'one of'),
    mode,
    epochs,
    params: absentAsEmpty(section({ alpha: number(), beta: number() })),
  }),
};

/** Name of a schedule in a configuration. */
export type ScheduleType = keyof typeof schedules;
/** The `optimizer.schedule` section of a configuration. */
export type ScheduleConfig = z.output<(typeof schedules)[ScheduleType]>;

export const scheduleTypes = Object.keys(schedules) as ScheduleType[];

export function isScheduleType(type: unknown): type is ScheduleType {
  return typeof type === 'string' && Object.hasOwn(schedules, type);
}

/** Stands in for a schedule whose type is not known: reports the type and the common keys, never succeeds. */
export const unknownSchedule = section({
  type: z.enum(scheduleTypes, 'one of'),
  mode,
  epochs,
  params: z.unknown(),
}).transform(() => z.NEVER);

function milestones() {
  const expected = 'a list of positive integers';
  return z.array(positiveInteger(), expected).min(1, expected);
}
