export { RecordMetrics, type ValidationResults } from './callbacks/record-metrics.js';
export { ShowProgress, type ShowProgressOptions } from './callbacks/show-progress.js';
export { timeSteps } from './callbacks/time-steps.js';
export { Accuracy } from './meters/accuracy.js';
export { averagePrecisions, meanOfKnown, type Scored } from './meters/average-precision.js';
export {
  type ByClass,
  bestKey,
  METRICS,
  type MetricName,
  type Metrics,
} from './meters/metrics.js';
export { RunningAverage } from './meters/running-average.js';
export { StepClock } from './meters/step-clock.js';
export { renderChartSvg, type Series } from './page/chart.js';
export { escapeText, px } from './page/markup.js';
export { bar, facts, renderPage } from './page/page.js';
export { checkSame, checkSameImages, checkSameStep, digestOf } from './parallel/agreement.js';
export { endWithin, unlessAborted, unlessLost } from './parallel/hung-reads.js';
export { agreeOnKernels } from './parallel/kernels.js';
export { ALONE, type Peers, peersOf } from './parallel/peers.js';
export { instructionBounds, planBound } from './profile/bound.js';
export { StepTrace, traceFile } from './profile/chrome-trace.js';
export { formatProfile, profileSection } from './profile/format.js';
export { type MachineLimits, measureLimits } from './profile/limits.js';
export { type RunOptions as ShortestRunOptions, shortestRun } from './profile/shortest-run.js';
export { type ProfileReport, type ProfileRow, StepProfile } from './profile/step-profile.js';
export { type FormatOptions, formatProgress, type ProgressState } from './progress/format.js';
export { Progress, type ProgressOptions, type ProgressStream } from './progress/progress.js';
export {
  formatDuration,
  formatLoss,
  formatRate,
  threeDigits,
} from './progress/units.js';
export { renderReport } from './report/html.js';
export { type MemoryMapOptions, renderMemoryMapSvg } from './report/memory-map.js';
export { writeReport } from './report/report.js';
export type { BytesByKind, ReportData } from './report/types.js';
export {
  type Beginning,
  beginningOf,
  continuesThere,
  type Found,
  removeEmpty,
  type Taking,
} from './run/beginning.js';
export { type ContinueWith, closingLines } from './run/closing.js';
export type { RunData } from './run/data.js';
export type { LearningRates, RunEngine, StepInputs, StepResult } from './run/engine.js';
export { Halting } from './run/halting.js';
export { writeHistograms } from './run/histograms.js';
export {
  changedKernels,
  KERNELS_KEY,
  kernelNotes,
  kernelsOfCheckpoint,
  kernelsSoFar,
  metaSoFar,
  type RunKernels,
} from './run/kernels.js';
export type { Counted, Meter, Outputs } from './run/meter.js';
export { type Position, START } from './run/position.js';
export { progressOf } from './run/report-progress.js';
export { Standing } from './run/standing.js';
export { StopRequest } from './run/stop.js';
export { type LoopOptions, type RunCallback, TrainingRun, type TrainOutcome } from './run/training-run.js';
export { SKIPPED_KEY, type SkipReason, skippedIn, skippedInAll, Unreadable } from './run/unreadable.js';
export { formatValidation, lastValidation, type Validation, validate } from './run/validate.js';
export { newRunFolder, runFolderOf } from './run-folder/default-folder.js';
export { type RunFolderCode, RunFolderError } from './run-folder/errors.js';
export { RunLock } from './run-folder/lock/run-lock.js';
export { type MetricRecord, MetricsLog, readMetrics, scalarsOf } from './run-folder/metrics-log.js';
export { RunFolder, type RunFolderOptions } from './run-folder/run-folder.js';
export { collectVersions, type Versions } from './run-folder/versions.js';
export { type EventFileOptions, EventFileWriter } from './tensorboard/event-file.js';
export { type Histogram, makeHistogram } from './tensorboard/histogram.js';
