/** Learning-rate schedules with PyTorch's semantics, as pure functions of a count of epochs or steps. */

export type ScheduleOptions =
  | { readonly type: 'constant' }
  | { readonly type: 'step'; readonly stepSize: number; readonly gamma?: number }
  | { readonly type: 'multistep'; readonly milestones: readonly number[]; readonly gamma?: number }
  | { readonly type: 'exponential'; readonly gamma: number }
  | { readonly type: 'linear'; readonly alpha: number; readonly beta: number };

/** Factor on the base learning rate at `it` (0-based epochs or steps, by the schedule's mode). */
export type Schedule = (it: number) => number;

const DEFAULT_GAMMA = 0.1;

/**
 * StepLR, MultiStepLR, ExponentialLR, or LambdaLR with it·alpha + beta, which stays at 0 where that is negative: with a
 * negative rate the optimizer would ascend.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
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
  }
}
