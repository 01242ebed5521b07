import {
  add,
  confusion,
  crossEntropy,
  dim,
  div,
  fusePredictions,
  literal,
  mean,
  mul,
  oneHot,
  reshape,
  resizeBilinear,
  softmax,
  sub,
  sum,
  topkCorrect,
  type Value,
} from '@inplace-abn/core';
import { type Batch, IGNORED } from '@inplace-abn/data';
import { defaultConfig } from '../config/config.js';
import type { LossConfig } from '../config/loss.js';
import { type BatchShape, heightAndWidth } from '../task/images.js';
import type { Objective } from '../task/task.js';

/**
 * A class for every pixel. Logits are resized to the labels, N×K×H×W; their mean cross entropy is over the pixels that
 * count, in training with the class weights, smoothing and Dice term of the configuration. Training also gives `correct`,
 * int32[1], the pixels whose largest logit is the label's; evaluation `matrix`, int32 K×K, the pixels of each label for
 * each class of the largest logit.
 */
export function segmentationOf({
  class_weights,
  label_smoothing: labelSmoothing,
  dice,
}: LossConfig): Objective {
  const weights = class_weights === 'balanced' ? [] : class_weights;
  return {
    classifier: ['head.', 'cls.'],
    labels: (tracer, { batch, crop }, name = 'labels') =>
      tracer.input(name, [batch, ...heightAndWidth(crop)], 'uint8'),
    labelArray,
    labeled: labeledPixels,
    weight: weights.length > 0 ? (batch) => weightOf(batch, weights) : undefined,
    training(logits, labels, { crop }, { count, labeled }) {
      const scores = resizeBilinear(logits, heightAndWidth(crop));
      const literals = weights.length > 0 ? literal(logits.tracer, weights) : undefined;
      const options = { ignoreIndex: IGNORED, count, labelSmoothing, weights: literals };
      const entropy = crossEntropy(scores, labels, options);
      const loss = dice > 0 ? add(entropy, mul(diceOf(scores, labels, labeled), dice)) : entropy;
      return { loss, correct: topkCorrect(scores, labels, [1]) };
    },
    evaluation(logits, labels, { crop }) {
      const scores = resizeBilinear(logits, heightAndWidth(crop));
      const { label } = fusePredictions([logits], {
        mode: 'mean',
        size: heightAndWidth(crop),
        mirrored: [false],
      });
      return {
        loss: crossEntropy(scores, labels, { ignoreIndex: IGNORED }),
        matrix: confusion(label, labels, dim(logits.shape, 1)),
      };
    },
  };
}

/** The objective of the default configuration. */
export const segmentationObjective: Objective = segmentationOf(defaultConfig.loss);

/** Keeps the term of a class that does not occur at 0. */
const SMOOTH = 1;

/**
 * The mean over classes of 1 − (2·Σ p·t + 1) / (Σ p + Σ t + 1) with p = softmax(scores), over the pixels of the batch that
 * count; with `labeled` times this batch's share of that many pixels.
 */
function diceOf(scores: Value, labels: Value, labeled: Value | undefined): Value {
  const target = oneHot(labels, dim(scores.shape, 1), IGNORED);
  const counts = sum(target, [1], { keep: true });
  const p = mul(softmax(scores), counts);
  const both = add(mul(sum(mul(p, target), [0, 2, 3]), 2), SMOOTH);
  const each = add(add(sum(p, [0, 2, 3]), sum(target, [0, 2, 3])), SMOOTH);
  const loss = mean(sub(1, div(both, each)));
  return labeled ? mul(loss, div(sum(target), reshape(labeled, []))) : loss;
}

/** Sum of the class weights of the pixels that count. */
function weightOf({ targets, size, labels }: Batch, weights: readonly number[]): number {
  if (!targets) throw new TypeError('expected a batch with label maps');
  const pixels = targets.length / labels.length;
  return targets.subarray(0, size * pixels).reduce((sum, id) => sum + (weights[id] ?? 0), 0);
}

/** How many pixels of the images of a batch count: each image's were counted where it was made. */
export function labeledPixels({ labeled, size }: Pick<Batch, 'labeled' | 'size'>): number {
  if (!labeled) throw new TypeError('expected a batch with label maps');
  return labeled.subarray(0, size).reduce((sum, pixels) => sum + pixels, 0);
}

/** The class ids of a batch as they lie there; whatever does not count is 255. */
function labelArray({ targets }: Pick<Batch, 'targets'>, { batch, crop }: BatchShape): Uint8Array {
  if (!targets) throw new TypeError('expected a batch with label maps');
  const [height, width] = heightAndWidth(crop);
  return targets.subarray(0, batch * height * width);
}
