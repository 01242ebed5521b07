/** Class weights that follow from the training images. */
import type { RunData } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';

/**
 * The configuration with numbers for weights that are `balanced`: images / (classes · images of the class), over the
 * classes that have images. A class without images has 0.
 */
export function withClassWeights(
  config: TrainConfig,
  { imagesOfClass }: Pick<RunData, 'imagesOfClass'>,
): TrainConfig {
  if (config.loss.class_weights !== 'balanced' || !imagesOfClass) return config;
  const images = imagesOfClass.reduce((sum, count) => sum + count, 0);
  const classes = imagesOfClass.filter((count) => count > 0).length;
  const weights = imagesOfClass.map((count) => (count > 0 ? images / (classes * count) : 0));
  return { ...config, loss: { ...config.loss, class_weights: weights } };
}
