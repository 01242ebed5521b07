import { crossEntropy, fusePredictions, resizeBilinear, topkCorrect, UsageError } from '@inplace-abn/core';
import { type Batch, IGNORED } from '@inplace-abn/data';
import { type BatchShape, heightAndWidth } from '../task/images.js';
import type { Objective } from '../task/task.js';
import { countedIds, foreignId, type LabelRange } from './label-range.js';

/**
 * A class for every pixel. Logits are resized to the labels, N×K×H×W; their mean cross entropy is over the pixels that
 * count. Training also gives `correct`, int32[1], the pixels whose largest logit is the label's; evaluation `classes`,
 * uint8 N×H×W, the class of the largest.
 */
export function segmentationObjective(range: LabelRange): Objective {
  return {
    classifier: ['head.', 'cls.'],
    labels: (tracer, { batch, crop }) => tracer.input('labels', [batch, ...heightAndWidth(crop)], 'int32'),
    labelArray: (batch, shape) => labelArray(batch, shape, range),
    labelled: labelledPixels,
    training(logits, labels, { crop }, count) {
      const scores = resizeBilinear(logits, heightAndWidth(crop));
      return {
        loss: crossEntropy(scores, labels, { ignoreIndex: IGNORED, count }),
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
      return { loss: crossEntropy(scores, labels, { ignoreIndex: IGNORED }), classes: label };
    },
  };
}

/** How many pixels count. */
export function labelledPixels(ids: Int32Array | Uint8Array): number {
  let count = 0;
  for (const id of ids) if (id !== IGNORED) count++;
  return count;
}

/** Class ids as int32; whatever does not count is 255. Throws for an id that is not a class. */
function labelArray(
  { targets, indices }: Pick<Batch, 'targets' | 'indices'>,
  { batch, crop }: BatchShape,
  range: LabelRange,
): Int32Array {
  if (!targets) throw new TypeError('expected a batch with label maps');
  const [height, width] = heightAndWidth(crop);
  const labels = new Int32Array(batch * height * width);
  const foreign = countedIds(targets, range, labels);
  if (foreign < 0) return labels;
  const image = indices[Math.floor(foreign / (height * width))];
  throw new UsageError(
    `the label map of image ${image} (counted from 0, in the order of the names) ${foreignId(targets[foreign] as number, range)}`,
  );
}
