/** What the checkpoints of a run say of its network, for whoever uses it without the run's configuration and data. */
import type { ModelDescription } from '@inplace-abn/checkpoint';
import type { TrainConfig } from '../config/schema.js';

/** @param classes names of the labels, in order; a network may have more outputs */
export function descriptionOf(config: TrainConfig, classes?: readonly string[]): ModelDescription {
  const { task, network, input } = config;
  const { mean, std, scale_val: scale, crop_val: crop } = input;
  const normalization = { interpolation: 'bilinear', mean, std } as const;
  if (config.task === 'segmentation') {
    const { segmentation } = config;
    return {
      classes,
      preprocessing: { scale: null, crop: null, ...normalization },
      config: { task, network, segmentation },
    };
  }
  return {
    classes,
    preprocessing: { scale: scale === -1 ? null : scale, crop, ...normalization },
    config: { task, network },
  };
}
