/** The training loss with one label per pixel. */
import {
  add,
  crossEntropy,
  dim,
  div,
  literal,
  lovaszSoftmax,
  mean,
  mul,
  oneHot,
  reshape,
  softmax,
  sub,
  sum,
  type Value,
} from '@inplace-abn/core';
import { IGNORED } from '@inplace-abn/data';
import { type ResolvedLoss, softTerms } from '../classification/loss.js';
import type { TrainingTargets } from '../task/task.js';

/**
 * The loss of scores [N,K,H,W] over the pixels that count, plus the configured Dice and Lovász terms. Given
 * `count`, `labeled` and `images` of the whole batch, this part's share of it.
 */
export function segmentationLoss(
  scores: Value,
  labels: Value,
  { count, labeled, images }: Pick<TrainingTargets, 'count' | 'labeled' | 'images'>,
  config: ResolvedLoss,
): Value {
  const { type, class_weights, label_smoothing: labelSmoothing, dice, lovasz } = config;
  const weights = class_weights.length > 0 ? literal(scores.tracer, class_weights) : undefined;
  let loss: Value =
    type === 'cross_entropy'
      ? crossEntropy(scores, labels, { ignoreIndex: IGNORED, count, labelSmoothing, weights })
      : softLossOf(scores, labels, labeled, config);
  if (dice > 0) loss = add(loss, mul(diceOf(scores, labels, labeled), dice));
  if (lovasz > 0) loss = add(loss, mul(lovaszOf(scores, labels, { labeled, images }, config), lovasz));
  return loss;
}

/** The mean of binary terms over the pixels that count and all classes. */
function softLossOf(scores: Value, labels: Value, labeled: Value | undefined, config: ResolvedLoss): Value {
  const classes = dim(scores.shape, 1);
  const target = oneHot(labels, classes, IGNORED);
  const counts = sum(target, [1], { keep: true });
  const terms = sum(mul(softTerms(config)(scores, target), counts));
  const pixels = labeled ? reshape(labeled, []) : sum(target);
  return div(terms, mul(pixels, classes));
}

/** Keeps the term of a class that does not occur at 0. */
const SMOOTH = 1;

/**
 * The mean over classes of 1 − (2·Σ p·t + 1) / (Σ p + Σ t + 1) with p = softmax(scores), over the pixels of
 * the batch that count; with `labeled`, times this batch's share of `labeled` pixels.
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

/**
 * The Lovász-softmax loss of the batch, weighted by its share of `labeled` pixels; per image, the mean over
 * images, weighted by this part's share of `images`.
 */
function lovaszOf(
  scores: Value,
  labels: Value,
  { labeled, images }: Pick<TrainingTargets, 'labeled' | 'images'>,
  { lovasz_classes: classes, lovasz_per_image: perImage }: ResolvedLoss,
): Value {
  const p = softmax(scores);
  const options = { classes, perImage, ignoreIndex: IGNORED };
  if (!perImage) return lovaszSoftmax(p, labels, { ...options, count: labeled });
  const loss = lovaszSoftmax(p, labels, options);
  return images === undefined ? loss : mul(loss, dim(scores.shape, 0) / images);
}
