import { formatBytes } from '@inplace-abn/tensor';
import { createColors } from 'picocolors';
import { METRICS, type Metrics, metricEntries } from '../meters/metrics.js';
import { formatDuration, formatLoss, formatPercent, formatRate, threeDigits } from './units.js';

/**
 * Contents of the progress line; metrics are over the epoch so far. Missing optional fields are not shown.
 */
export interface ProgressState extends Metrics {
  /** First word of the line. */
  phase: 'train' | 'val' | 'test' | 'predict' | 'check';
  /** Whether the results are those of the averages of the weights. */
  averaged?: boolean;
  /** Epoch, from 1; missing, like `epochs`, if there is only one pass. */
  epoch?: number;
  /** Number of epochs. */
  epochs?: number;
  /** Completed steps of this epoch or pass, from 1. */
  step: number;
  /** Missing if their number is unknown; `images` then tells how far it is. */
  steps?: number;
  /** Images so far. */
  images?: number;
  /** Loss of this step; `meanLoss` is the mean over the epoch so far. */
  loss?: number;
  /** Mean loss over the epoch so far. */
  meanLoss?: number;
  /** Base rate of the step. */
  learningRate?: number;
  /** A moving average. */
  imagesPerSecond: number;
  /** Fraction of time spent waiting for data, 0 to 1. */
  waitShare?: number;
  /** Bytes held, shown in binary units. */
  peakBytes?: number;
  /** Seconds until the end. */
  etaSeconds?: number;
}

/** Options of {@link formatProgress}. */
export interface FormatOptions {
  /** Available columns. Fields that do not fit are dropped, the least important first. */
  width?: number;
  /** ANSI colors; default false. */
  color?: boolean;
}

interface Field {
  label: string;
  value: string;
  /** The field with the lowest weight is dropped first. */
  weight: number;
}

/**
 * Formats a progress line without a newline, such as `train 1/10  step 120/938  loss 0.4321 (0.5123)  top-1
 * 84.2 % …`.
 */
export function formatProgress(state: ProgressState, options: FormatOptions = {}): string {
  const colors = createColors(options.color ?? false);
  const shown = withinWidth(fieldsOf(state), options.width ?? Number.POSITIVE_INFINITY);
  return shown.map(({ label, value }) => (label ? `${colors.dim(label)} ${value}` : value)).join('  ');
}

function fieldsOf(state: ProgressState): Field[] {
  const { epoch, epochs, step, steps, images, loss } = state;
  const whose = state.averaged ? ' averaged' : '';
  const fields: Field[] = [
    epoch === undefined
      ? { label: '', value: `${state.phase}${whose}`, weight: 10 }
      : { label: state.phase.padEnd(5), value: `${epoch}/${epochs}${whose}`, weight: 10 },
    ...(steps === undefined ? [] : [{ label: 'step', value: `${padded(step, steps)}/${steps}`, weight: 9 }]),
    ...(images === undefined ? [] : [{ label: 'images', value: String(images), weight: 9 }]),
    ...(loss === undefined ? [] : [{ label: 'loss', value: lossOf(loss, state.meanLoss), weight: 8 }]),
    ...metricEntries(state).map(([name, percent]) => ({ ...METRICS[name], value: formatPercent(percent) })),
  ];
  const { learningRate, waitShare, peakBytes, etaSeconds } = state;
  if (learningRate !== undefined) fields.push({ label: 'lr', value: formatRate(learningRate), weight: 2 });
  fields.push({ label: '', value: `${threeDigits(state.imagesPerSecond)} img/s`, weight: 5 });
  if (waitShare !== undefined) {
    fields.push({ label: 'wait', value: `${(100 * waitShare).toFixed(0)} %`, weight: 3 });
  }
  if (peakBytes !== undefined) fields.push({ label: 'peak', value: formatBytes(peakBytes), weight: 1 });
  if (etaSeconds !== undefined) fields.push({ label: 'eta', value: formatDuration(etaSeconds), weight: 6 });
  return fields;
}

function padded(step: number, steps: number): string {
  return String(step).padStart(String(steps).length);
}

function lossOf(loss: number, mean: number | undefined): string {
  return mean === undefined ? formatLoss(loss) : `${formatLoss(loss)} (${formatLoss(mean)})`;
}

function withinWidth(fields: readonly Field[], width: number): Field[] {
  const kept = [...fields];
  while (kept.length > 1 && lengthOf(kept) > width) {
    const least = kept.reduce((a, b) => (b.weight < a.weight ? b : a));
    kept.splice(kept.indexOf(least), 1);
  }
  return kept;
}

function lengthOf(fields: readonly Field[]): number {
  const each = fields.map(({ label, value }) => (label ? label.length + 1 : 0) + value.length);
  return each.reduce((a, b) => a + b, 2 * (fields.length - 1));
}
