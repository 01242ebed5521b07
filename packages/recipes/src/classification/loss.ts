/** The loss of training with one label an image, or two mixed ones. */
import {
  add,
  crossEntropy,
  div,
  literal,
  mul,
  oneHot,
  relu,
  reshape,
  sign,
  sub,
  type Value,
} from '@inplace-abn/core';
import { bceWithLogits, focal, type Loss, smoothed, softCrossEntropy } from '@inplace-abn/nn';
import type { LossConfig } from '../config/loss.js';
import type { TrainingTargets } from '../task/task.js';

/** A loss configuration whose class weights are numbers; none: all classes weigh the same. */
export type ResolvedLoss = Omit<LossConfig, 'class_weights'> & { readonly class_weights: readonly number[] };

/**
 * The mean loss of logits [N,K] over the batch, or with a `count` this process's or part's share of the mean over that
 * many images; of a weighted cross entropy the count is the sum of the weights of their labels.
 */
export function classificationLoss(
  logits: Value,
  labels: Value,
  { count, mixed }: TrainingTargets,
  config: ResolvedLoss,
): Value<'float32'> {
  const { type, label_smoothing: labelSmoothing, class_weights } = config;
  const [images = 0, classes = 0] = logits.shape;
  if (type === 'cross_entropy' && !mixed) {
    const weights = class_weights.length > 0 ? literal(logits.tracer, class_weights) : undefined;
    return crossEntropy(logits, labels, { count, labelSmoothing, weights });
  }
  const own = oneHot(labels, classes);
  const target = mixed ? mixedTargets(own, oneHot(mixed.labels, classes), mixed.lambda) : own;
  const loss = softLoss(config).compute(logits, target);
  return count ? mul(loss, div(images, reshape(count, []))).as('float32') : loss;
}

/** λ·own + (1 − λ)·other, of targets [N,K] and λ [N]. */
function mixedTargets(own: Value, other: Value, lambda: Value): Value {
  const share = reshape(lambda, [lambda.shape[0] ?? 0, 1]);
  return add(mul(own, share), mul(other, sub(1, share)));
}

function softLoss(config: ResolvedLoss): Loss {
  const { type, label_smoothing: labelSmoothing, class_weights } = config;
  const classWeights = class_weights.length > 0 ? class_weights : undefined;
  if (type === 'cross_entropy') return softCrossEntropy({ labelSmoothing, classWeights });
  const made = type === 'bce' ? bceWithLogits({ classWeights }) : focalOf(config, classWeights);
  const target = (given: Value) => thresholded(smoothed(given, labelSmoothing), config.bce_threshold);
  return { ...made, compute: (output, given) => made.compute(output, target(given)) };
}

function focalOf({ focal_alpha, focal_gamma: gamma }: ResolvedLoss, classWeights?: readonly number[]): Loss {
  return focal({ alpha: focal_alpha < 0 ? null : focal_alpha, gamma, classWeights });
}

/** 1 for targets above the threshold, 0 for the others. */
function thresholded(target: Value, threshold: number): Value {
  return threshold < 0 ? target : relu(sign(sub(target, threshold)));
}
