import {
  confusion,
  crossEntropy,
  dim,
  fusePredictions,
  resizeBilinear,
  topkCorrect,
} from '@inplace-abn/core';
import { type Batch, IGNORED } from '@inplace-abn/data';
import { resolvedLoss } from '../classification/loss.js';
import { defaultConfig } from '../config/config.js';
import type { LossConfig } from '../config/loss.js';
import { type BatchShape, heightAndWidth } from '../task/images.js';
import type { Objective } from '../task/task.js';
import { segmentationLoss } from './loss.js';

/**
 * A class for every pixel. Logits are resized to the size of the labels, N×K×H×W. Training takes the
 * configured loss, evaluation the mean cross entropy, both over the pixels that count. Training also outputs
 * `correct`, int32[1], the pixels whose largest logit is the label's; evaluation outputs `matrix`, int32 K×K,
 * the pixels by label and by class of the largest logit.
 */
export function segmentationOf(config: LossConfig): Objective {
  const loss = resolvedLoss(config);
  const { type, class_weights: weights } = loss;
  return {
    classifier: ['head.', 'cls.'],
    labels: (tracer, { batch, crop }, name = 'labels') =>
      tracer.input(name, [batch, ...heightAndWidth(crop)], 'uint8'),
    labelArray,
    labeled: labeledPixels,
    // The other losses are means over pixels and classes, as in PyTorch.
    weight: type === 'cross_entropy' && weights.length > 0 ? (batch) => weightOf(batch, weights) : undefined,
    training(logits, labels, { crop }, targets) {
      const scores = resizeBilinear(logits, heightAndWidth(crop));
      return {
        loss: segmentationLoss(scores, labels, targets, loss),
        correct: topkCorrect(scores, labels, [1]),
      };
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

/** Sum of the class weights of the pixels that count. */
function weightOf({ targets, size, labels }: Batch, weights: readonly number[]): number {
  if (!targets) throw new TypeError('expected a batch with label maps');
  const pixels = targets.length / labels.length;
  return targets.subarray(0, size * pixels).reduce((sum, id) => sum + (weights[id] ?? 0), 0);
}

/** The number of pixels of a batch that count, which the loader's workers have counted by image. */
export function labeledPixels({ labeled, size }: Pick<Batch, 'labeled' | 'size'>): number {
  if (!labeled) throw new TypeError('expected a batch with label maps');
  return labeled.subarray(0, size).reduce((sum, pixels) => sum + pixels, 0);
}

/** The class ids of a batch, without a copy; 255 for pixels that do not count. */
function labelArray({ targets }: Pick<Batch, 'targets'>, { batch, crop }: BatchShape): Uint8Array {
  if (!targets) throw new TypeError('expected a batch with label maps');
  const [height, width] = heightAndWidth(crop);
  return targets.subarray(0, batch * height * width);
}
