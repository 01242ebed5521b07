export {
  type BceOptions,
  balancedWeights,
  bceWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  type DiceOptions,
  type DistillationOptions,
  type DistillationTarget,
  dice,
  distillation,
  type FocalOptions,
  focal,
  type HuberOptions,
  huber,
  type Loss,
  type LossFunction,
  type LovaszSoftmaxOptions,
  l1,
  lovaszSoftmax,
  mse,
  type Per,
  type SoftCrossEntropyOptions,
  softCrossEntropy,
} from '@inplace-abn/nn';
export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.js';
export type {
  Batches,
  EpochBatches,
  FitCallback,
  FitEpoch,
  FitOptions,
  FitPosition,
  FitStep,
  Results,
  StepResult,
  TrainingBatch,
} from './fit.js';
export { gradientSums, type StepPart } from './gradient-sums.js';
export { isNormOrBias, type ParameterGroup, TrainedParameters, type TrainingSelections } from './groups.js';
export { type Improvement, improved } from './improvement.js';
export { type LayerDecay, type LayerFactorsOptions, layerFactors, scaledRates } from './layer-decay.js';
export { accuracy, type Metric } from './metrics.js';
export type { MixDraws, Mixing, MixPosition } from './mixing.js';
export type { InputOptions, SessionOptions } from './options.js';
export type { FloatTensor } from './outputs.js';
export { SessionStep } from './own-step.js';
export { type MappedBuffer, SessionPlan } from './plan.js';
export type { StepOptions } from './programs.js';
export type { PlanRequest } from './request.js';
export {
  copiesPart,
  exactly,
  type ResidentMemory,
  type ResidentPart,
  residentMemory,
  runtimePart,
} from './resident.js';
export { type Selection, selected } from './selection.js';
export { Session } from './session.js';
export { halved, Shards } from './shards.js';
export type { SessionGroup } from './sharing.js';
export type { OneOrNamed } from './signals.js';
export {
  allStates,
  onHost,
  type StateTensor,
  type StateTensors,
  statesIn,
  transferBytes,
} from './states.js';
export { type TrainEpochsOptions, type Trainee, trainEpochs } from './train-epochs.js';
export type { ArraysOf, Evaluation, TrainOptions, WeightsOptions } from './types.js';
export type { LoadOptions } from './weights.js';
