export type { FitOptions, FitStep, TrainingBatch } from './fit.js';
export { crossEntropy, type Loss, type LossFunction } from './loss.js';
export type { InputOptions, SessionOptions } from './options.js';
export { SessionPlan } from './plan.js';
export { type PlanRequest, Session, type StepResult } from './session.js';
export {
  allStates,
  fillStates,
  onHost,
  type StateTensor,
  type StateTensors,
  statesIn,
  transferBytes,
} from './states.js';
