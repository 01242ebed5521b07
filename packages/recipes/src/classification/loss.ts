/** The training loss of images with one label, or with the labels of two mixed images. */
import {
  add,
  crossEntropy,
  div,
  literal,
  mean,
  mul,
  oneHot,
  reshape,
  sub,
  type Value,
} from '@inplace-abn/core';
import { bceTerms, focalTerms, softCrossEntropy } from '@inplace-abn/nn';
import type { LossConfig } from '../config/loss.js';
import type { TrainingTargets } from '../task/task.js';

/** A loss configuration with numbers as weights; an empty list weighs all classes alike. */
export type ResolvedLoss = Omit<LossConfig, 'class_weights' | 'positive_weights'> & {
  readonly class_weights: readonly number[];
  readonly positive_weights: readonly number[];
};

/** Before the training images are counted, as in a plan, balanced weights are 1. */
export function resolvedLoss(config: LossConfig): ResolvedLoss {
  const numbers = (weights: LossConfig['class_weights']) => (weights === 'balanced' ? [] : weights);
  return {
    ...config,
    class_weights: numbers(config.class_weights),
    positive_weights: numbers(config.positive_weights),
  };
}

/**
 * The mean loss of logits [N,K] over the batch. With `count`, the share of this process or part in the mean
 * over `count` images; for a weighted cross entropy, `count` is the sum of the weights of their labels.
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
  return shareOf(softLoss(config)(logits, target), images, count);
}

/** Turns the mean over `images` images into their share of the mean over `count`: mean · images / count. */
export function shareOf(mean: Value<'float32'>, images: number, count?: Value): Value<'float32'> {
  return count ? mul(mean, div(images, reshape(count, []))).as('float32') : mean;
}

/** λ·own + (1 − λ)·other, of targets [N,K] and λ [N]. */
export function mixedTargets(own: Value, other: Value, lambda: Value): Value {
  const share = reshape(lambda, [lambda.shape[0] ?? 0, 1]);
  return add(mul(own, share), mul(other, sub(1, share)));
}

/** The loss of logits [N,K] and targets from 0 to 1 of the same shape. */
export function softLoss(config: ResolvedLoss): (output: Value, target: Value) => Value<'float32'> {
  const { type, label_smoothing: labelSmoothing, class_weights: classWeights } = config;
  if (type === 'cross_entropy') {
    return softCrossEntropy({ labelSmoothing, ...(classWeights.length > 0 && { classWeights }) }).compute;
  }
  const terms = softTerms(config);
  return (output, target) => mean(terms(output, target));
}

/**
 * The terms of a loss over classes that do not exclude each other, of logits [N,K,…] and targets of the same
 * shape.
 */
export function softTerms(config: ResolvedLoss): (output: Value, target: Value) => Value {
  const { type, class_weights, label_smoothing: labelSmoothing } = config;
  const common = { labelSmoothing, ...(class_weights.length > 0 && { classWeights: class_weights }) };
  if (type === 'bce') {
    const { positive_weights, bce_threshold } = config;
    const targetThreshold = bce_threshold < 0 ? undefined : bce_threshold;
    const weights = positive_weights.length > 0 && { positiveWeight: positive_weights };
    return bceTerms({ ...common, ...weights, targetThreshold });
  }
  const { focal_alpha, focal_gamma: gamma } = config;
  return focalTerms({ ...common, alpha: focal_alpha < 0 ? null : focal_alpha, gamma });
}
