import { createSchedule, type ScheduleOptions } from '@inplace-abn/optim';
import type { ScheduleConfig } from '../config/schedule.js';
import type { OptimizerConfig } from '../config/schema.js';

export interface LearningRates {
  readonly base: number;
  /** That of the classifier's parameters. */
  readonly classifier: number;
}

/** Learning rates at a step: the schedule counts epochs or steps by its mode. */
export function learningRateOf(config: OptimizerConfig): (epoch: number, step: number) => LearningRates {
  const factor = createSchedule(scheduleOptions(config.schedule));
  const classifier = config.classifier_lr < 0 ? config.learning_rate : config.classifier_lr;
  return (epoch, step) => {
    const scale = factor(config.schedule.mode === 'epoch' ? epoch : step);
    return { base: config.learning_rate * scale, classifier: classifier * scale };
  };
}

function scheduleOptions(config: ScheduleConfig): ScheduleOptions {
  if (config.type !== 'step') return { type: config.type, ...config.params } as ScheduleOptions;
  return { type: 'step', stepSize: config.params.step_size, gamma: config.params.gamma };
}
