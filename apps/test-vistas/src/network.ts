/** The network of a snapshot: that of a training configuration, which it may hold itself, or the published one. */
import { CheckpointError, readDescription } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { segmentationNetwork } from '@inplace-abn/models';
import { InPlaceABN } from '@inplace-abn/nn';
import {
  configIn,
  defaultClasses,
  loadConfig,
  type SegmentationClass,
  segmentationNetworkOf,
  type TrainConfig,
  VISTAS_MEAN,
  VISTAS_STD,
  vistasClasses,
} from '@inplace-abn/recipes';
import type { SegmentFolderOptions } from './folder/segment-folder.js';

type Network = Pick<
  SegmentFolderOptions,
  'network' | 'config' | 'title' | 'classes' | 'mean' | 'std' | 'labeling'
>;

/** Vistas' own labels call whatever belongs to none of the 65 classes Unlabeled. */
const VISTAS_UNLABELED = 65;

/**
 * `config`: path of a training configuration; default: the one in the snapshot. `classes`: names and colors, the Vistas ones where
 * nothing is given.
 */
export async function networkFor(
  snapshot: string,
  config: string | undefined,
  classes: readonly SegmentationClass[] | undefined,
): Promise<Network> {
  if (config !== undefined) return configured(await loadConfig(config), config, classes);
  const own = await ownConfig(snapshot);
  return own ? configured(own, snapshot, classes) : published(classes ?? vistasClasses);
}

/** The configuration that a snapshot of a training holds; whoever loads its weights tells what is wrong with the file. */
async function ownConfig(snapshot: string): Promise<TrainConfig | null> {
  try {
    return configIn(await readDescription(snapshot), snapshot);
  } catch (error) {
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}

/** WiderResNet-38 A2 with DeepLabV3, as published for Mapillary Vistas. */
function published(classes: readonly SegmentationClass[]): Network {
  const arch = 'wider_resnet38_a2';
  const normAct = (channels: number, options = {}) =>
    new InPlaceABN(channels, { activation: 'leaky_relu', activationParam: 0.01, ...options });
  const network = segmentationNetwork({ arch, classes: classes.length, normAct });
  const title = `${arch} with DeepLabV3, ${classes.length} classes`;
  const labeling = classes.length === VISTAS_UNLABELED ? { ignoreIndex: VISTAS_UNLABELED } : {};
  return { network, title, classes, mean: VISTAS_MEAN, std: VISTAS_STD, labeling };
}

function configured(
  config: TrainConfig,
  path: string,
  given: readonly SegmentationClass[] | undefined,
): Network {
  if (config.task !== 'segmentation') {
    throw new UsageError(
      `${path} is the configuration of a ${config.task}: expected one with "task": "segmentation"`,
    );
  }
  const { arch, classes: count } = config.network;
  const classes = given ?? defaultClasses(count);
  if (classes.length !== count) {
    throw new UsageError(
      `--classes lists ${classes.length} classes but network.classes in ${path} is ${count}`,
    );
  }
  const { mean, std } = config.input;
  const title = `${arch} with DeepLabV3, ${count} classes`;
  const { ignore_index, image_suffix, label_suffix } = config.segmentation;
  const labeling = { ignoreIndex: ignore_index, imageSuffix: image_suffix, labelSuffix: label_suffix };
  const network = segmentationNetworkOf(config);
  return { network, config: config.network, title, classes, mean, std, labeling };
}
