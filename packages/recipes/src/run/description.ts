/** The description of a run's network in its checkpoints, for use without the configuration and the data. */
import type { ModelDescription } from '@inplace-abn/checkpoint';
import type { Rgb } from '@inplace-abn/data';
import { resolveConfig } from '../config/config.js';
import type { LabelKeys } from '../config/data.js';
import type { TrainConfig } from '../config/schema.js';

/** Names and colors of the labels in the data of a run, in order. A network may have more outputs. */
export interface DescribedLabels {
  /** Names, in label order. */
  readonly classes?: readonly string[];
  /** Colors of the classes of a segmentation, 0 to 255. */
  readonly colors?: readonly Rgb[];
}

/** The description of a network in its checkpoints: configuration, classes and preprocessing. */
export function descriptionOf(
  config: TrainConfig,
  { classes, colors }: DescribedLabels = {},
): ModelDescription {
  const { task, network, input } = config;
  const { mean, std, scale_val: scale, crop_val: crop } = input;
  const normalization = { interpolation: 'bilinear', mean, std } as const;
  if (config.task === 'segmentation') {
    const { segmentation } = config;
    return {
      classes,
      colors,
      preprocessing: { scale: null, crop: null, ...normalization },
      config: { task, network, segmentation, ...labelKeys(config) },
    };
  }
  return {
    classes,
    preprocessing: { scale: scale === -1 ? null : scale, crop, ...normalization },
    config: { task, network },
  };
}

/** How label maps are read, unless by their ids alone. */
function labelKeys({ data }: TrainConfig): { readonly data?: LabelKeys } {
  const { layout, palette, label_map, reduce_zero_label } = data;
  const plain = layout === 'folders' && palette === '' && Object.keys(label_map).length === 0;
  return plain && !reduce_zero_label ? {} : { data: { layout, palette, label_map, reduce_zero_label } };
}

/**
 * The configuration in a description: task and network, and as `input` how images are prepared. null if it
 * has none.
 *
 * @param source what errors call the file
 * @throws {ConfigError} for keys that this version does not know
 */
export function configIn({ config, preprocessing }: ModelDescription, source: string): TrainConfig | null {
  if (config === undefined) return null;
  return resolveConfig({ ...config, ...(preprocessing && { input: inputOf(preprocessing) }) }, source);
}

function inputOf({ scale, crop, mean, std }: NonNullable<ModelDescription['preprocessing']>) {
  // A network that sees whole images has no other sizes.
  return crop === null ? { mean, std } : { scale_val: scale ?? -1, crop_val: crop, mean, std };
}
