export { ACCUMULATED, accumulation } from './accumulation.js';
export { type AdamOptions, adam } from './adam.js';
export { type AdamWOptions, adamw } from './adamw.js';
export {
  AVERAGED,
  type AverageOptions,
  averageInputs,
  averageStates,
  averagesOf,
  checkAverage,
  isAverage,
  onAverages,
} from './average.js';
export { clipByGlobalNorm } from './clip.js';
export { type LambOptions, lamb } from './lamb.js';
export {
  applyUpdates,
  type Optimizer,
  optimizerStateName,
  type ParameterUpdate,
  type Slot,
  type Updated,
  type UpdateScalars,
} from './optimizer.js';
export { type RmspropOptions, rmsprop } from './rmsprop.js';
export {
  createSchedule,
  type Schedule,
  type ScheduleOptions,
  type WarmUpOptions,
  warmUp,
} from './schedule.js';
export { type SgdOptions, sgd } from './sgd.js';
export type { TorchForm } from './torch-form.js';
export { TORCH_FORMS } from './torch-forms.js';
export { trainedGradients, type UpdateOptions, type Updates, updateParameters } from './update.js';
