export { type AdamOptions, adam } from './adam.js';
export { clipByGlobalNorm } from './clip.js';
export {
  applyUpdates,
  type Optimizer,
  optimizerStateName,
  type ParameterUpdate,
  type Updated,
  type UpdateScalars,
} from './optimizer.js';
export { createSchedule, type Schedule, type ScheduleOptions } from './schedule.js';
export { type SgdOptions, sgd } from './sgd.js';
export { trainedGradients, type UpdateOptions, updateParameters } from './update.js';
