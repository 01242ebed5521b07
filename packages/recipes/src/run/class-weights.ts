/** Class weights that follow from the training images. */
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';

/**
 * The configuration with numbers for weights that are `balanced`: images / (classes · images of the class), over the
 * classes that have images. A class without images has 0. Weights of positive targets are images without the class / images with it,
 * at least one of each.
 */
export function withClassWeights(
  config: TrainConfig,
  { imagesOfClass, trainImages }: Pick<RunData, 'imagesOfClass' | 'trainImages'>,
): TrainConfig {
  if (!imagesOfClass) return config;
  if (config.loss.positive_weights === 'balanced') {
    const weights = imagesOfClass.map((count) => (count > 0 ? Math.max(trainImages - count, 1) / count : 1));
    return { ...config, loss: { ...config.loss, positive_weights: weights } };
  }
  if (config.loss.class_weights !== 'balanced') return config;
  const images = imagesOfClass.reduce((sum, count) => sum + count, 0);
  const classes = imagesOfClass.filter((count) => count > 0).length;
  const weights = imagesOfClass.map((count) => (count > 0 ? images / (classes * count) : 0));
  return { ...config, loss: { ...config.loss, class_weights: weights } };
}
