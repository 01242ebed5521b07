/**
 * The network of a snapshot: from a training configuration, possibly its own, or the published one.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CheckpointError,
  type ModelDescription,
  openStateDict,
  readDescription,
} from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { segmentationNetwork } from '@inplace-abn/models';
import { InPlaceABN } from '@inplace-abn/nn';
import { loadConfig } from '../config/config.js';
import type { TrainConfig } from '../config/schema.js';
import { configIn } from '../run/description.js';
import {
  defaultClasses,
  plainClasses,
  type SegmentationClass,
  vistasClasses,
} from '../segmentation/classes.js';
import { segmentationNetworkOf } from '../segmentation/network.js';
import { VISTAS_MEAN, VISTAS_STD } from '../segmentation/vistas.js';
import { trainedConfig } from '../weights/origin.js';
import type { SegmentOptions } from './folder/segment-photographs.js';

/** A segmentation network with its classes and preprocessing. */
export type SegmentingNetwork = Pick<
  SegmentOptions,
  'network' | 'config' | 'title' | 'classes' | 'mean' | 'std' | 'labeling'
>;

/** Vistas' label for pixels of none of the 65 classes, Unlabeled. */
const VISTAS_UNLABELED = 65;

/**
 * The network and its classes. Uses the given configuration, else the snapshot's own, else that of its run
 * folder; a snapshot without any is treated as the published one. Classes are the given ones, else the
 * snapshot's, else those of Vistas for 65 outputs, else numbered ones.
 *
 * @throws UsageError for the configuration of a classification, and for another number of classes;
 * ConfigError for a configuration that cannot be used
 */
export async function networkFor(
  snapshot: string,
  config: string | undefined,
  classes: readonly SegmentationClass[] | undefined,
): Promise<SegmentingNetwork> {
  const description = await ownDescription(snapshot);
  const own =
    config === undefined
      ? (configIn(description, snapshot) ?? (await runConfig(snapshot)))
      : await loadConfig(config, { ofRun: true });
  if (!own) return published(classes ?? vistasClasses);
  return configured(own, config ?? snapshot, classes, classesIn(description));
}

/**
 * The description in a training snapshot. Problems with the file are reported when its weights are loaded.
 */
async function ownDescription(snapshot: string): Promise<ModelDescription> {
  try {
    return await readDescription(snapshot);
  } catch (error) {
    if (error instanceof CheckpointError) return {};
    throw error;
  }
}

function classesIn({ classes, colors }: ModelDescription): SegmentationClass[] | undefined {
  if (!classes) return undefined;
  const plain = plainClasses(classes.length);
  return plain.map(({ id, color }) => ({ id, name: classes[id] ?? '', color: colors?.[id] ?? color }));
}

/** Old snapshots have their configuration only in the run folder. */
async function runConfig(snapshot: string): Promise<TrainConfig | null> {
  const folder = (await stat(snapshot).catch(() => null))?.isDirectory();
  const config = await trainedConfig({ path: folder ? join(snapshot, 'checkpoint') : snapshot });
  return config?.task === 'segmentation' ? config : null;
}

/**
 * Whether a file without a description has the parts of a segmentation network, as the published one does.
 *
 * @throws CheckpointError if the file is missing or not a checkpoint
 */
export async function holdsSegmentation(path: string): Promise<boolean> {
  const { tensors } = await openStateDict(path);
  const names = [...tensors.keys()];
  return ['body.', 'head.', 'cls.'].every((part) => names.some((name) => name.startsWith(part)));
}

/** WiderResNet-38 A2 with DeepLabV3, as published for Mapillary Vistas. */
function published(classes: readonly SegmentationClass[]): SegmentingNetwork {
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
  recorded: readonly SegmentationClass[] | undefined,
): SegmentingNetwork {
  if (config.task !== 'segmentation') {
    throw new UsageError(
      `${path} is the configuration of a ${config.task}: expected one with "task": "segmentation"`,
    );
  }
  const { arch, classes: count } = config.network;
  const own = recorded?.length === count ? recorded : defaultClasses(count);
  const classes = given ?? own;
  if (classes.length !== count) {
    throw new UsageError(
      `the list names ${classes.length} classes but network.classes in ${path} is ${count}`,
    );
  }
  const { mean, std } = config.input;
  const title = `${arch} with DeepLabV3, ${count} classes`;
  const { ignore_index, image_suffix, label_suffix } = config.segmentation;
  const labeling = {
    ignoreIndex: ignore_index,
    imageSuffix: image_suffix,
    labelSuffix: label_suffix,
    keys: config.data,
  };
  const network = segmentationNetworkOf(config);
  return { network, config: config.network, title, classes, mean, std, labeling };
}
