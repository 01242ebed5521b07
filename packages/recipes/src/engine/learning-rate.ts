import { createSchedule, type ScheduleOptions } from '@inplace-abn/optim';
import type { LearningRates } from '@inplace-abn/train';
import type { ScheduleConfig } from '../config/schedule.js';
import type { OptimizerConfig } from '../config/schema.js';

/** Learning rates at a step: the schedule counts epochs or steps by its mode. */
export function learningRateOf(config: OptimizerConfig): (epoch: number, step: number) => LearningRates {
  const factor = createSchedule(scheduleOptions(config.schedule));
  const classifier = config.classifier_lr < 0 ? config.learning_rate : config.classifier_lr;
  return (epoch, step) => {
    const scale = factor(config.schedule.mode === 'epoch' ? epoch : step);
    return { base: config.learning_rate * scale, classifier: classifier * scale };
  };
}

/** A sentence where a linear schedule is at 0 before the last of `epochs`, as after more epochs were asked for; else null. */
export function endOfRate({ schedule }: OptimizerConfig, batches: number): string | null {
  if (schedule.type !== 'linear') return null;
  const { alpha, beta } = schedule.params;
  const { mode, epochs } = schedule;
  const all = mode === 'epoch' ? epochs : epochs * batches;
  const last = Math.ceil(-beta / alpha);
  if (!(alpha < 0 && last < all)) return null;
  return (
    `from ${mode} ${Math.max(1, last + 1)} of ${all} on the learning rate is 0: ` +
    'there optimizer.schedule.params of the linear schedule end'
  );
}

function scheduleOptions(config: ScheduleConfig): ScheduleOptions {
  if (config.type !== 'step') return { type: config.type, ...config.params } as ScheduleOptions;
  return { type: 'step', stepSize: config.params.step_size, gamma: config.params.gamma };
}
