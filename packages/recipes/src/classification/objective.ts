import { CLASSIFIERS } from '@inplace-abn/checkpoint';
import { crossEntropy, topkCorrect, type Value } from '@inplace-abn/core';
import type { Objective, StepValues } from '../task/task.js';

/**
 * One label an image: the mean cross entropy, and `correct`, int32[2]: rows whose label is among the first and the
 * first five.
 */
export const classificationObjective: Objective = {
  classifier: CLASSIFIERS,
  labels: (tracer, { batch }) => tracer.input('labels', [batch], 'int32'),
  labelArray: ({ labels }, { batch }) => labels.subarray(0, batch),
  labeled: ({ size }) => size,
  training: (logits, labels, _, count) => lossAndCorrect(logits, labels, count),
  evaluation: (logits, labels) => lossAndCorrect(logits, labels),
};

function lossAndCorrect(logits: Value, labels: Value, count?: Value): StepValues {
  return {
    loss: crossEntropy(logits, labels, { count }),
    correct: topkCorrect(logits, labels, topks(logits)),
  };
}

/** 1 and 5, or the number of classes where there are fewer. */
function topks(logits: Value): number[] {
  return [1, Math.min(5, logits.shape[1] ?? 1)];
}
