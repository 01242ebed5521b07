/**
 * Reference for one pixel of fuse_predictions: reads its logits from every prediction and fuses their
 * softmaxes.
 */
import { channels, dim } from '@inplace-abn/tensor';
import type { ReferenceTensor } from '../../ir/define.js';
import { bilinearTapsAt } from './bilinear.js';
import { at } from './reference.js';
import type { Pair } from './window.js';

/** How predictions at several scales become one. */
export type FusionMode = 'mean' | 'voting' | 'max';

/** Labels are bytes. */
export const MAX_CLASSES = 256;

export interface Prediction {
  readonly label: number;
  readonly probability: number;
}

const RULES: Readonly<Record<FusionMode, (probabilities: readonly Float64Array[]) => Prediction>> = {
  mean(probabilities) {
    const [first] = probabilities;
    const mean = new Float64Array(first?.length ?? 0);
    probabilities.forEach((p, index) => {
      p.forEach((value, k) => {
        const previous = mean[k] ?? 0;
        mean[k] = previous + (value - previous) / (index + 1);
      });
    });
    return largest(mean);
  },
  voting(probabilities) {
    const votes = new Float64Array(MAX_CLASSES);
    const sums = new Float64Array(MAX_CLASSES);
    for (const { label, probability } of probabilities.map(largest)) {
      votes[label] = (votes[label] ?? 0) + 1;
      sums[label] = (sums[label] ?? 0) + probability;
    }
    const { label, probability: count } = largest(votes);
    return { label, probability: (sums[label] ?? 0) / count };
  },
  max(probabilities) {
    const start: Prediction = { label: 0, probability: 0 };
    return probabilities
      .map(largest)
      .reduce((best, other) => (other.probability > best.probability ? other : best), start);
  },
};

export function isFusionMode(mode: string): mode is FusionMode {
  return Object.hasOwn(RULES, mode);
}

/** The first of the largest values. */
function largest(values: Float64Array): Prediction {
  let label = 0;
  values.forEach((value, k) => {
    if (value > (values[label] ?? 0)) label = k;
  });
  return { label, probability: values[label] ?? 0 };
}

/** Fuses the softmaxes of one pixel's logits; NaN and label 0 if any of them is NaN. */
export function fuse(mode: FusionMode, logits: readonly Float64Array[]): Prediction {
  const probabilities = logits.map(softmaxOf);
  if (probabilities.some((p) => p.some(Number.isNaN))) return { label: 0, probability: Number.NaN };
  return RULES[mode](probabilities);
}

function softmaxOf(logits: Float64Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = logits.map((value) => Math.exp(value - top));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** All class logits of image `n` of logits [N,K,h,w], resized to `size`, at `position` (row, column). */
export function resizedLogits(logits: ReferenceTensor, n: number, size: Pair, position: Pair): Float64Array {
  const [height, width] = [dim(logits.shape, 2), dim(logits.shape, 3)];
  const rows = bilinearTapsAt(height, size[0], position[0]);
  const columns = bilinearTapsAt(width, size[1], position[1]);
  const classes = channels(logits.shape);
  const read = new Float64Array(classes);
  for (const row of rows) {
    for (const column of columns) {
      const first = ((n * height + row.position) * width + column.position) * classes;
      for (let k = 0; k < classes; k++) {
        read[k] = (read[k] ?? 0) + row.weight * column.weight * at(logits, first + k);
      }
    }
  }
  return read;
}
