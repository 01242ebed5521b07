import { CLASSIFIERS } from '@inplace-abn/checkpoint';
import { crossEntropy, topkCorrect, type Value } from '@inplace-abn/core';
import { defaultConfig } from '../config/config.js';
import type { LossConfig } from '../config/loss.js';
import type { Objective } from '../task/task.js';
import { classificationLoss, resolvedLoss } from './loss.js';

/**
 * One label for each image. Training takes the configured loss, evaluation the mean cross entropy. Both
 * output `correct`, int32[2]: the rows whose label ranks first, and among the first five. A mixed image
 * counts with its own label.
 */
export function classificationOf(config: LossConfig): Objective {
  const loss = resolvedLoss(config);
  const { type, class_weights: weights } = loss;
  return {
    classifier: CLASSIFIERS,
    labels: (tracer, { batch }, name = 'labels') => tracer.input(name, [batch], 'int32'),
    labelArray: ({ labels }, { batch }) => labels.subarray(0, batch),
    labelsOf: ({ labels }, rows) => rows.map((row) => labels[row] ?? -1),
    labeled: ({ size }) => size,
    // The other losses, and cross entropy with mixed labels, are means over images: as in PyTorch.
    weight:
      type === 'cross_entropy' && weights.length > 0
        ? ({ labels, size, mix }) => (mix ? size : sumOf(labels.subarray(0, size), weights))
        : undefined,
    training: (logits, labels, _, targets) => ({
      loss: classificationLoss(logits, labels, targets, loss),
      correct: correctOf(logits, labels),
    }),
    evaluation: (logits, labels) => ({
      loss: crossEntropy(logits, labels),
      correct: correctOf(logits, labels),
    }),
  };
}

/** The objective of the default configuration. */
export const classificationObjective: Objective = classificationOf(defaultConfig.loss);

function sumOf(labels: Int32Array, weights: readonly number[]): number {
  return labels.reduce((sum, label) => sum + (weights[label] ?? 0), 0);
}

/** Top-1 and top-5 counts; with fewer than five classes, the second counts all rows. */
function correctOf(logits: Value, labels: Value): Value {
  return topkCorrect(logits, labels, [1, Math.min(5, logits.shape[1] ?? 1)]);
}
