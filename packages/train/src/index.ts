export { onHost, type StateTensor, type StateTensors } from '@inplace-abn/session';
export { classificationObjective } from './classification/objective.js';
export {
  ConfigError,
  type ConfigOptions,
  type ConfigProblem,
  defaultConfig,
  loadConfig,
  resolveConfig,
} from './config/config.js';
export type { ScheduleConfig, ScheduleType } from './config/schedule.js';
export type {
  ClassificationConfig,
  InputConfig,
  NetworkConfig,
  OptimizerConfig,
  SegmentationTaskConfig,
  TrainConfig,
} from './config/schema.js';
export type { SegmentationConfig } from './config/segmentation.js';
export { Engine, type EngineOptions, type StepInputs, type StepResult } from './engine/engine.js';
export type { TestResult } from './evaluation/result.js';
export { type TestOptions, type TestOutcome, testNetwork } from './evaluation/test-network.js';
export { testJson, writeTestJson, writeTestPage } from './evaluation/write.js';
export { Accuracy } from './meters/accuracy.js';
export { RunningAverage } from './meters/running-average.js';
export { StepClock } from './meters/step-clock.js';
export { endWithin } from './parallel/hung-reads.js';
export { ALONE, type Peers, peersOf } from './parallel/peers.js';
export { together } from './parallel/together.js';
export { type AuditReport, auditCheckpoint, formatAudit } from './plan/audit.js';
export { formatPlan } from './plan/format.js';
export { type LargestBatch, largestBatch } from './plan/largest-batch.js';
export { memoryMapOf } from './plan/memory-map.js';
export { ordinaryBytes, type PlanReport, planReport } from './plan/plan-report.js';
export { formatPlanTable, type PlanRow, planPerDevice } from './plan/plan-table.js';
export { formatSweep, renderSweep, type Sweep, type SweepPoint, sweep } from './plan/sweep.js';
export { planBound } from './profile/bound.js';
export { formatProfile } from './profile/format.js';
export { type MachineLimits, measureLimits } from './profile/limits.js';
export { type RunOptions as ShortestRunOptions, shortestRun } from './profile/shortest-run.js';
export { type ProfileReport, type ProfileRow, StepProfile } from './profile/step-profile.js';
export { bytes, fraction, nonNegative, pixels, positive, positives } from './program/numbers.js';
export { distBackendOption, localRankOption } from './program/processes.js';
export { namingTrainedWith, trainedWithOption } from './program/weights.js';
export { type FormatOptions, formatProgress, type ProgressState } from './progress/format.js';
export { Progress, type ProgressOptions, type ProgressStream } from './progress/progress.js';
export { formatBytes, formatDuration, formatLoss, formatPercent, formatRate } from './progress/units.js';
export { renderReport } from './report/html.js';
export { type MemoryMapOptions, renderMemoryMapSvg } from './report/memory-map.js';
export { writeReport } from './report/report.js';
export type { BufferKind, BytesByKind, MapBuffer, MemoryMap, ReportData } from './report/types.js';
export { evaluate } from './run/evaluate.js';
export type { Taking } from './run/restore.js';
export { configHash } from './run/state.js';
export { type TrainOptions, train } from './run/train.js';
export type { TrainOutcome } from './run/training-run.js';
export { formatValidation, type Validation } from './run/validate.js';
export { newRunFolder, runFolderOf } from './run-folder/default-folder.js';
export { type MetricRecord, MetricsLog, readMetrics } from './run-folder/metrics-log.js';
export { RunFolder, type RunFolderOptions } from './run-folder/run-folder.js';
export { collectVersions, type Versions } from './run-folder/versions.js';
export {
  defaultClasses,
  loadClasses,
  plainClasses,
  type SegmentationClass,
  vistasClasses,
} from './segmentation/classes.js';
export { Confusion } from './segmentation/confusion.js';
export { OUTPUT_MODES, type OutputMode } from './segmentation/folder-run.js';
export {
  buildGallery,
  type Gallery,
  type GalleryImage,
  type GalleryOptions,
  writeGalleryRecord,
} from './segmentation/gallery/write.js';
export {
  type ClassCount,
  type ConfidenceMap,
  countClasses,
  type LabelMap,
  meanConfidence,
} from './segmentation/label-map.js';
export {
  type ConfusionCounts,
  formatLabels,
  type LabelScore,
  type LabelsResult,
  labelsJson,
  labelsResult,
} from './segmentation/labels-report.js';
export { segmentationNetworkOf } from './segmentation/network.js';
export { blend, encodeOverlayPng, type OverlayOptions, renderOverlay } from './segmentation/overlay.js';
export { encodePalettePng, encodeProbabilityPng, encodeRawPng } from './segmentation/prediction-png.js';
export {
  type SegmentFolderOptions,
  type SegmentFolderOutcome,
  segmentFolder,
  VISTAS_MEAN,
  VISTAS_STD,
} from './segmentation/segment-folder.js';
export {
  type Photograph,
  type Segmentation,
  Segmenter,
  type SegmenterOptions,
} from './segmentation/segmenter.js';
export {
  checkOutputs,
  type OutputKind,
  outputName,
  outputPath,
  shardOf,
  unfinished,
} from './segmentation/shard.js';
export { loadSnapshot, type SnapshotOptions } from './segmentation/snapshot.js';
export { evaluationStep } from './step/evaluation-step.js';
export { ARCHITECTURES, initialStateOf, networkOf, normActOf } from './step/network.js';
export { trainingStep } from './step/training-step.js';
export { METRICS, type MetricName, type Metrics } from './task/metrics.js';
export { taskOf } from './task/registry.js';
export type { Counted, Meter, Objective, Outputs, StepValues, Task } from './task/task.js';
export { type EventFileOptions, EventFileWriter } from './tensorboard/event-file.js';
export { type Histogram, makeHistogram } from './tensorboard/histogram.js';
export { StepTrace, TRACED_STEPS, traceFile } from './trace/chrome-trace.js';
export { loadWeights, type Target, type Weights } from './weights/load.js';
export { type NormMode, UnknownOriginError } from './weights/scales.js';
