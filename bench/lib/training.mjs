// @ts-check
import { IMAGENET_MEAN, IMAGENET_STD, sizeOf } from '@inplace-abn/data';
import { ARCHITECTURES } from '@inplace-abn/models';
import { Engine, initialStateOf, networkOf, resolveConfig } from '@inplace-abn/recipes';
import { minstd } from './images.mjs';

/** @typedef {'float32' | 'bfloat16'} Precision */

/** @type {readonly Precision[]} */
export const PRECISIONS = ['float32', 'bfloat16'];

const CLASSES = 1000;
const RATE = 0.01;

/**
 * ResNet-50 with leaky ReLU and in-place ABN, SGD with momentum and weight decay, no clipping. The PyTorch
 * peer trains the same, except for the normalization.
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} crop  side of the images
 * @param {'inplace' | 'sync'} [mode]
 */
export function resnet50Config(batch, precision, crop, mode = 'inplace') {
  return networkConfig('resnet50', batch, precision, crop, mode);
}

/**
 * The same configuration for another network.
 * @param {string} arch
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} [crop]
 * @param {'inplace' | 'sync'} [mode]
 */
export function networkConfig(arch, batch, precision, crop = 224, mode = 'inplace') {
  const network = {
    arch,
    activation: 'leaky_relu',
    bn_mode: mode,
    classes: CLASSES,
    precision,
  };
  const optimizer = { batch_size: batch, learning_rate: RATE, momentum: 0.9, weight_decay: 1e-4, clip: 0 };
  const input = { crop_train: crop };
  return resolveConfig({ network, optimizer, input }, 'bench', { architectures: ARCHITECTURES });
}

/**
 * The same network with ReLU and ordinary batch norm whose statistics are frozen, as it is fine-tuned.
 * @param {string} arch
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} [crop]
 */
export function fineTuningConfig(arch, batch, precision, crop) {
  const config = networkConfig(arch, batch, precision, crop);
  config.network.activation = 'relu';
  config.network.bn_mode = 'standard';
  config.optimizer.frozen_statistics = true;
  // Random weights with statistics that are not theirs have large gradients.
  config.optimizer.clip = 1;
  return config;
}

/** @typedef {{ engine: Engine, step: () => Promise<number> }} Trainer  a step resolves to its loss */

/**
 * Creates everything outside device memory (initial weights, random images), then returns a function that
 * builds the training engine. Batches are prefetched if the device supports it.
 * @param {import('@inplace-abn/recipes').TrainConfig} config
 * @param {import('@inplace-abn/core').Device} device
 * @returns {() => Trainer}
 */
export function trainerOf(config, device) {
  const weights = initialStateOf(networkOf(config.network), config.network, config.seed);
  const images = randomBatch(config.optimizer.batch_size, config.input.crop_train);
  return () => {
    const engine = new Engine({ device, config, evaluationBatches: [] });
    engine.load(weights);
    let steps = 0;
    const step = async () => {
      steps += 1;
      const rates = { base: RATE, classifier: RATE };
      const running = engine.train(images, { rates, update: steps, seed: steps });
      if (engine.prefetches) engine.prefetch(images);
      return (await running).loss;
    };
    return { engine, step };
  };
}

/**
 * @param {number} size images
 * @param {import('@inplace-abn/data').Sides} crop
 */
export function randomBatch(size, crop) {
  const { height, width } = sizeOf('crop', crop);
  const random = minstd(1);
  const color = Float32Array.from({ length: size * 12 }, (_, index) => {
    const [row, column] = [Math.floor((index % 12) / 4), index % 4];
    const [mean, std] = [IMAGENET_MEAN[row] ?? 0, IMAGENET_STD[row] ?? 1];
    if (column === 3) return -mean / std;
    return column === row ? 1 / std : 0;
  });
  return {
    images: Uint8Array.from({ length: size * height * width * 3 }, () => random() % 256),
    color,
    targets: null,
    labeled: null,
    labels: Int32Array.from({ length: size }, () => random() % CLASSES),
    indices: Int32Array.from({ length: size }, (_, index) => index),
    size,
    number: 0,
    release() {},
  };
}
