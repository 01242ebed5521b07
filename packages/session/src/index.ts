export type {
  Batches,
  FitCallback,
  FitEpoch,
  FitOptions,
  FitStep,
  Results,
  StepResult,
  TrainingBatch,
} from './fit.js';
export type { ParameterGroup } from './groups.js';
export { type CrossEntropyOptions, crossEntropy, type Loss, type LossFunction } from './loss.js';
export { accuracy, type Metric } from './metrics.js';
export type { InputOptions, SessionOptions } from './options.js';
export { type MappedBuffer, SessionPlan } from './plan.js';
export type { Selection } from './selection.js';
export {
  type ArraysOf,
  type Evaluation,
  type FloatTensor,
  type PlanRequest,
  Session,
  type TrainOptions,
} from './session.js';
export type { SessionGroup } from './sharing.js';
export type { OneOrNamed, Per } from './signals.js';
export {
  allStates,
  fillStates,
  onHost,
  type StateTensor,
  type StateTensors,
  statesIn,
  transferBytes,
} from './states.js';
