import { CLASSIFIERS } from '@inplace-abn/checkpoint';
import { cast, mul, relu, sign, sum, type Value } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import { bceWithLogits } from '@inplace-abn/nn';
import { mixedTargets, resolvedLoss, shareOf, softLoss } from '../classification/loss.js';
import type { LossConfig } from '../config/loss.js';
import type { Objective } from '../task/task.js';

/**
 * Any number of labels for each image: float32 N×K, 0 or 1. Training takes the configured loss, evaluation
 * the mean binary cross entropy. Both output three float32 counts: `predicted`, classes with a probability
 * above one half; `positives`, labels; and `hits`, labels that are predicted. A mixed image counts with its
 * own labels. Evaluation also outputs `scores`, the logits, float32 N×K.
 */
export function multiLabelOf(config: LossConfig, classes: number): Objective {
  const loss = softLoss(resolvedLoss(config));
  return {
    classifier: CLASSIFIERS,
    labels: (tracer, { batch }, name = 'labels') => tracer.input(name, [batch, classes], 'float32'),
    labelArray: (batch, { batch: rows }) => Float32Array.from(setsOf(batch).subarray(0, rows * classes)),
    labelsOf: (batch, rows) => rowsOf(setsOf(batch), rows, classes),
    labeled: ({ size }) => size,
    training(logits, labels, { batch }, { count, mixed }) {
      const scores = cast(logits, 'float32');
      const target = mixed ? mixedTargets(labels, mixed.labels, mixed.lambda) : labels;
      return { loss: shareOf(loss(scores, target), batch, count), ...countsOf(scores, labels) };
    },
    evaluation(logits, labels) {
      const scores = cast(logits, 'float32');
      return { loss: bceWithLogits().compute(scores, labels), ...countsOf(scores, labels), scores };
    },
  };
}

function countsOf(scores: Value, labels: Value): Record<'hits' | 'predicted' | 'positives', Value> {
  const above = relu(sign(scores));
  return { hits: sum(mul(above, labels)), predicted: sum(above), positives: sum(labels) };
}

function setsOf({ labelSets }: Batch): Uint8Array {
  if (!labelSets) throw new TypeError('expected a batch of images with any number of labels');
  return labelSets;
}

function rowsOf(sets: Uint8Array, rows: Int32Array, classes: number): Float32Array {
  const chosen = new Float32Array(rows.length * classes);
  rows.forEach((row, place) => {
    chosen.set(sets.subarray(row * classes, (row + 1) * classes), place * classes);
  });
  return chosen;
}
