export type { NormMode } from '@inplace-abn/interop';
export { type NamedClass, readClassFile } from './classification/class-file.js';
export { classificationObjective } from './classification/objective.js';
export type { AugmentationConfig } from './config/augmentation.js';
export {
  ConfigError,
  type ConfigOptions,
  type ConfigProblem,
  defaultConfig,
  loadConfig,
  resolveConfig,
} from './config/config.js';
export type { ControlConfig } from './config/control.js';
export type { DataConfig } from './config/data.js';
export type { EmaConfig } from './config/ema.js';
export { configHash } from './config/hash.js';
export type { LossConfig } from './config/loss.js';
export type { MixConfig } from './config/mix.js';
export { type Override, parseOverride } from './config/overrides.js';
export type { ScheduleConfig, ScheduleType } from './config/schedule.js';
export type {
  ClassificationConfig,
  InputConfig,
  MultiLabelConfig,
  NetworkConfig,
  OptimizerConfig,
  SegmentationTaskConfig,
  TrainConfig,
} from './config/schema.js';
export type { SegmentationConfig } from './config/segmentation.js';
export { cacheFolderOf } from './data/cache.js';
export {
  type LabeledSetOptions,
  type LabeledSets,
  type LabelsOfImage,
  openLabeledSet,
  openLabeledSets,
  refuseShards,
} from './data/labeled-sets.js';
export { evaluationBatches } from './data/loaders.js';
export type { LoadingOptions } from './data/memory.js';
export { Engine, type EngineOptions } from './engine/engine.js';
export type { InspectedInstruction, VisitInstruction } from './engine/inspected.js';
export { planPrograms } from './engine/plan-programs.js';
export { Classifier } from './inference/classifier.js';
export { featuresAt } from './inference/features.js';
export {
  type Photograph,
  type Segmentation,
  Segmenter,
  type SegmenterOptions,
} from './inference/segmenter.js';
export { loadSnapshot, type SnapshotOptions } from './inference/snapshot.js';
export { F1Meter, PrecisionMeter } from './multi-label/meter.js';
export { initialStateOf, networkOf, normActOf } from './network/network.js';
export { formatPlan } from './plan/format.js';
export { formatFreezing, formatGrown, formatPlanDiff } from './plan/format-diff.js';
export { type Growing, type Largest, type LargestOptions, largestOf } from './plan/largest.js';
export { type Freezing, freezingOf, lockOf } from './plan/lock.js';
export { ordinaryBytes, type PlanReport, planReport } from './plan/plan-report.js';
export {
  formatStepTime,
  measurePrices,
  pricedMachine,
  type StepTime,
  stepTime,
} from './plan/step-time.js';
export {
  type ImageOptions,
  imageOptions,
  MAX_PIXELS_ADVICE,
  maxPixelsOption,
  reasonWithOption,
} from './program/images.js';
export {
  bytes,
  finite,
  fraction,
  nonNegative,
  pixels,
  positive,
  positiveNumbers,
  positives,
} from './program/numbers.js';
export { pricesOption } from './program/prices.js';
export { distBackendOption, localRankOption } from './program/processes.js';
export { duration, flops, rate } from './program/quantities.js';
export { type SegmentingOptions, segmentingOf, segmentingOptions } from './program/segmenting.js';
export { setOption } from './program/set.js';
export { together } from './program/together.js';
export { TRAINED_WITH_ADVICE, trainedWithOption } from './program/weights.js';
export { type ComparedRun, type ComparedRuns, compareRuns, type RunDifference } from './run/compare.js';
export { classNames, type Described, describedNetwork } from './run/described.js';
export { configIn, type DescribedLabels, descriptionOf } from './run/description.js';
export { type DryRunOptions, dryRun } from './run/dry-run.js';
export { evaluate } from './run/evaluate.js';
export { dumpLayer, findNonFinite, type NonFinite } from './run/inspecting.js';
export { Replay, type ReplayOptions } from './run/replay.js';
export { type TrainOptions, train } from './run/train.js';
export { type BucketChoice, type ScalingChoices, scalingChoices } from './scaling/choices.js';
export { formatRate, formatScaling, formatSeconds } from './scaling/format.js';
export { formatChoices, formatFailures } from './scaling/format-choices.js';
export { batchThatHolds } from './scaling/hold.js';
export { measurePrograms } from './scaling/measure.js';
export { type PaperPrograms, planOnPaper, plansOf, sharedConfig } from './scaling/paper.js';
export { asMeasured, atLimits, atPrices, inTotal, type Pricing, proportions } from './scaling/pricing.js';
export {
  type PaperSteps,
  paperSteps,
  type ScalingOptions,
  type ScalingReport,
  scalingReport,
} from './scaling/report.js';
export { formatScalingTable, type ScalingRow } from './scaling/table.js';
export {
  defaultClasses,
  loadClasses,
  plainClasses,
  type SegmentationClass,
  vistasClasses,
} from './segmentation/classes.js';
export { Confusion } from './segmentation/confusion.js';
export { type LabelMapSets, openLabelMapSets } from './segmentation/data.js';
export {
  type ClassCount,
  type ConfidenceMap,
  checkSameSize,
  classOf,
  colorTable,
  countClasses,
  formatShare,
  type LabelMap,
  meanConfidence,
} from './segmentation/label-map.js';
export { segmentationNetworkOf } from './segmentation/network.js';
export { VISTAS_MEAN, VISTAS_STD } from './segmentation/vistas.js';
export {
  type SegmentOptions,
  type SegmentOutcome,
  segmentPhotographs,
} from './segmenting/folder/segment-photographs.js';
export { holdsSegmentation, networkFor, type SegmentingNetwork } from './segmenting/network.js';
export { evaluationStep } from './step/evaluation-step.js';
export { trainingStep } from './step/training-step.js';
export { type BatchShape, describeCrop, heightAndWidth } from './task/images.js';
export type { Objective, StepValues, Task } from './task/task.js';
export { taskOf } from './tasks/registry.js';
export { loadWeights, type Target, type Weights } from './weights/load.js';
