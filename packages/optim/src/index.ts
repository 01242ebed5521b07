export { Adam, type AdamOptions } from './adam.js';
export { clipByGlobalNorm } from './clip.js';
export { type Optimizer, optimizerStateName, type ParameterUpdate } from './optimizer.js';
export { createSchedule, type Schedule, type ScheduleOptions } from './schedule.js';
export { SGD, type SgdOptions } from './sgd.js';
