/**
 * The nine published experiments as the paper's authors list them, recipes of later years, and their files.
 */
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, type TrainConfig } from '@inplace-abn/recipes';

export const FOLDER = fileURLToPath(new URL('../../experiments/', import.meta.url));

const STEP = { type: 'step', mode: 'epoch', epochs: 90, params: { step_size: 30, gamma: 0.1 } };
const LINEAR = { type: 'linear', mode: 'step', epochs: 90, params: { alpha: -2.222e-6, beta: 1 } };

/** Name: architecture, bn_mode, input_3x3, batch, learning rate, schedule. */
export const PUBLISHED = {
  resnext101_stdbn_lr_256: ['resnext101', 'standard', true, 256, 0.1, STEP],
  resnext101_ipabn_lr_512: ['resnext101', 'inplace', true, 512, 0.1, STEP],
  'resnext101_ipabn-sync_lr_256': ['resnext101', 'sync', true, 256, 0.1, STEP],
  resnext152_ipabn_lr_256: ['resnext152', 'inplace', true, 256, 0.1, STEP],
  wider_resnet38_ipabn_lr_256: ['wider_resnet38', 'inplace', true, 256, 0.1, LINEAR],
  densenet264_ipabn_lr_256: ['densenet264', 'inplace', true, 256, 0.1, STEP],
  'resnet34_ipabn-sync_lr_512': ['resnet34', 'sync', false, 512, 0.2, STEP],
  'resnet50_ipabn-sync_lr_512': ['resnet50', 'sync', false, 512, 0.2, STEP],
  'resnet101_ipabn-sync_lr_512': ['resnet101', 'sync', false, 512, 0.2, STEP],
} as const;

/**
 * Recipes of later years, by file: architecture, optimizer, batch, learning rate, epochs, crops of training
 * and validation.
 */
export const RECENT = {
  resnet50_a3: ['resnet50', 'LAMB', 2048, 0.008, 100, 160, 224],
  resnet50_torchvision_v2: ['resnet50', 'SGD', 1024, 0.5, 600, 176, 224],
  tresnet_m: ['tresnet_m', 'SGD', 512, 0.2, 300, 224, 224],
  fashion_recipe: ['resnet18', 'SGD', 64, 0.1, 12, 28, 28],
} as const;

/** The configuration of an experiment, over the defaults. */
export function load(name: string): Promise<TrainConfig> {
  return loadConfig(`${FOLDER}${name}.json`, { architectures: ARCHITECTURES });
}
