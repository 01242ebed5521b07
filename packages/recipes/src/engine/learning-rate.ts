import { createSchedule, type Schedule, type ScheduleOptions, warmUp } from '@inplace-abn/optim';
import type { LearningRates } from '@inplace-abn/train';
import type { ScheduleConfig } from '../config/schedule.js';
import type { OptimizerConfig } from '../config/schema.js';

/**
 * Learning rates at a step: the schedule counts epochs or steps by its mode. `batches` is the number of steps
 * of an epoch, for schedules that end with the training.
 */
export function learningRateOf(
  config: OptimizerConfig,
  batches: number,
): (epoch: number, step: number) => LearningRates {
  const classifier = config.classifier_lr < 0 ? config.learning_rate : config.classifier_lr;
  const [base, ofClassifier] = [
    factorOf(config, config.learning_rate, batches),
    factorOf(config, classifier, batches),
  ];
  return (epoch, step) => {
    const at = config.schedule.mode === 'epoch' ? epoch : step;
    return { base: config.learning_rate * base(at), classifier: classifier * ofClassifier(at) };
  };
}

/** The factor on a base rate. It depends on the rate, because a minimum rate is absolute. */
function factorOf({ schedule }: OptimizerConfig, rate: number, batches: number): Schedule {
  const { mode, epochs, warmup } = schedule;
  const total = Math.max(1, (mode === 'epoch' ? epochs : epochs * batches) - warmup.length);
  return warmUp(createSchedule(scheduleOptions(schedule, rate, total)), warmup);
}

/**
 * A note if a linear schedule reaches 0 before the last epoch, as it may when a run is continued for more
 * epochs; else null.
 */
export function endOfRate({ schedule }: OptimizerConfig, batches: number): string | null {
  if (schedule.type !== 'linear') return null;
  const { alpha, beta } = schedule.params;
  const { mode, epochs } = schedule;
  const all = mode === 'epoch' ? epochs : epochs * batches;
  const last = Math.ceil(-beta / alpha);
  if (!(alpha < 0 && last < all)) return null;
  return (
    `the learning rate is 0 from ${mode} ${Math.max(1, last + 1)} of ${all} on: ` +
    'the linear schedule in optimizer.schedule.params ends there'
  );
}

/**
 * A note if the run ends within its warm-up, so that the schedule never begins; else null. A warm-up in
 * epochs is compared with the number of epochs when the configuration is read.
 */
export function onlyWarmUp({ schedule }: OptimizerConfig, batches: number): string | null {
  const { mode, epochs, warmup } = schedule;
  const steps = epochs * batches;
  if (mode === 'epoch' || steps === 0 || warmup.length < steps) return null;
  return (
    `the warm-up takes all ${steps} steps of the run: optimizer.schedule.warmup.length is ${warmup.length}, ` +
    'in steps as optimizer.schedule.mode says'
  );
}

function scheduleOptions(config: ScheduleConfig, rate: number, total: number): ScheduleOptions {
  const minFactor = (minimum: number) => (rate > 0 ? Math.min(1, minimum / rate) : 0);
  switch (config.type) {
    case 'constant':
      return { type: 'constant' };
    case 'step':
      return { type: 'step', stepSize: config.params.step_size, gamma: config.params.gamma };
    case 'cosine':
      return { type: 'cosine', total, minFactor: minFactor(config.params.min_rate) };
    case 'polynomial': {
      const { power, min_rate } = config.params;
      return { type: 'polynomial', total, power, minFactor: minFactor(min_rate) };
    }
    case 'multistep':
      return { type: 'multistep', ...config.params };
    case 'exponential':
      return { type: 'exponential', ...config.params };
    case 'linear':
      return { type: 'linear', ...config.params };
  }
}
