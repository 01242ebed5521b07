import type { FitCallback, FitEpoch, FitStep, Results } from '@inplace-abn/session';
import { type ByClass, byClassIn, type Metrics, metricsNamed } from '../meters/metrics.js';
import type { StepClock } from '../meters/step-clock.js';
import { type MetricRecord, scalarsOf } from '../run-folder/metrics-log.js';
import type { RunFolder } from '../run-folder/run-folder.js';

/** Metrics of a validation, also by class if known. */
export interface ValidationResults extends Results, ByClass {
  /** Results of the averages of the weights, if a run has them. */
  readonly averaged?: Results & ByClass;
}

/** Writes every step and every validation to metrics.jsonl, and to TensorBoard. */
export class RecordMetrics implements FitCallback<string, ValidationResults> {
  /**
   * Writes into the files of a run folder.
   *
   * @param clock kept by {@link timeSteps} before it
   */
  constructor(
    private readonly folder: Pick<RunFolder, 'metrics' | 'events'>,
    private readonly clock: StepClock,
  ) {}

  onStep({ epoch, step, loss, metrics, learningRate, gradientNorm }: FitStep): void {
    const { imagesPerSecond, waitShare } = this.clock;
    const norm = gradientNorm === undefined ? {} : { gradientNorm };
    const speed = { learningRate, ...norm, imagesPerSecond, waitShare };
    this.add({ phase: 'train', epoch: epoch + 1, step: step + 1, loss, ...metricsNamed(metrics), ...speed });
  }

  onEpoch({ epoch, step, validation }: FitEpoch<string, ValidationResults>): void {
    if (!validation) return;
    const { averaged } = validation;
    const found = { ...recorded(validation), ...(averaged && { averaged: recorded(averaged) }) };
    this.add({ phase: 'val', epoch: epoch + 1, step, ...found });
  }

  private add(record: MetricRecord): void {
    this.folder.metrics.add({ ...record, time: Date.now() / 1000 });
    this.folder.events.scalars(record.step, scalarsOf(record));
  }
}

function recorded(
  results: Omit<ValidationResults, 'averaged'>,
): Metrics & ByClass & Pick<MetricRecord, 'loss'> {
  return { loss: results.loss, ...metricsNamed(results.metrics), ...byClassIn(results) };
}
