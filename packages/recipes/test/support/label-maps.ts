/** Runs of a small segmentation network on drawn shapes. */

import { ARCHITECTURES } from '@inplace-abn/models';
import { makeShapes } from '../../../../tools/segmentation-shapes/make.mjs';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { resolveConfig, type SegmentationTaskConfig } from '../../src/index.js';

export const CLASSES = 4;
export const TRAIN_IMAGES = 10;
export const VAL_IMAGES = 3;
export const BATCH = 4;
/** Batches of an epoch; the last two images do not fill one. */
export const STEPS_PER_EPOCH = 2;
export const CROP = 32;

interface Sections {
  network?: Record<string, unknown>;
  optimizer?: Record<string, unknown> & { schedule?: object };
  input?: Record<string, unknown>;
  segmentation?: Record<string, unknown>;
}

/** Contents of a configuration file, with the given sections merged into it. */
export function rawSegmentation({ network, optimizer, input, segmentation }: Sections = {}) {
  return {
    task: 'segmentation',
    network: {
      arch: 'resnet18',
      activation: 'leaky_relu',
      bn_mode: 'inplace',
      classes: CLASSES,
      stem: 'small',
      width: 0.1,
      ...network,
    },
    optimizer: {
      batch_size: BATCH,
      learning_rate: 0.05,
      ...optimizer,
      schedule: { epochs: 2, ...optimizer?.schedule },
    },
    input: { crop_train: CROP, crop_val: CROP, ...input },
    segmentation: {
      output_stride: 4,
      head_channels: 12,
      hidden_channels: 8,
      head_dilations: [1, 2, 3],
      pooling_size: [8, 8],
      size: 36,
      ...segmentation,
    },
    seed: 1,
  };
}

export function segmentationConfigOf(sections: Sections = {}): SegmentationTaskConfig {
  const config = resolveConfig(rawSegmentation(sections), 'test.json', { architectures: ARCHITECTURES });
  if (config.task !== 'segmentation') throw new Error('expected the task that was asked for');
  return config;
}

/** A folder with train/{images,labels} and val/{images,labels}: 10 and 3 images of four classes. */
export async function labeledFolder(): Promise<string> {
  const root = await temporaryFolder();
  makeShapes(root, { train: TRAIN_IMAGES, val: VAL_IMAGES });
  return root;
}
