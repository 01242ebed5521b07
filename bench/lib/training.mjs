// @ts-check
import { cpu } from '@inplace-abn/core';
import { IMAGENET_MEAN, IMAGENET_STD } from '@inplace-abn/data';
import { ARCHITECTURES, Engine, initialStateOf, networkOf, resolveConfig } from '@inplace-abn/train';
import { minstd } from './images.mjs';

/** @typedef {'float32' | 'bfloat16'} Precision */

const CLASSES = 1000;
const RATE = 0.01;

/**
 * ResNet-50 with leaky ReLU and in-place ABN, SGD with momentum and weight decay, no clipping: what the PyTorch
 * peer trains, but for the normalisation.
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} crop  side of the images
 * @param {'inplace' | 'sync'} [mode]
 */
export function resnet50Config(batch, precision, crop, mode = 'inplace') {
  const network = {
    arch: 'resnet50',
    activation: 'leaky_relu',
    bn_mode: mode,
    classes: CLASSES,
    precision,
  };
  const optimizer = { batch_size: batch, learning_rate: RATE, momentum: 0.9, weight_decay: 1e-4, clip: 0 };
  const input = { crop_train: crop };
  return resolveConfig({ network, optimizer, input }, 'bench', { architectures: ARCHITECTURES });
}

/** @typedef {{ engine: Engine, step: () => Promise<void> }} Trainer */

/**
 * Makes everything that is no device memory (configuration, initial weights, random images), then gives a function
 * that builds the training engine.
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} [crop]
 * @returns {() => Trainer}
 */
export function resnet50Trainer(batch, precision, crop = 224) {
  const config = resnet50Config(batch, precision, crop);
  const weights = initialStateOf(networkOf(config.network), config.network, config.seed);
  const images = randomBatch(batch, crop);
  return () => {
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(weights);
    let steps = 0;
    const step = async () => {
      steps += 1;
      await engine.train(images, { rates: { base: RATE, classifier: RATE }, update: steps, seed: steps });
    };
    return { engine, step };
  };
}

/**
 * @param {number} size images
 * @param {number} crop
 */
export function randomBatch(size, crop) {
  const random = minstd(1);
  const color = Float32Array.from({ length: size * 12 }, (_, index) => {
    const [row, column] = [Math.floor((index % 12) / 4), index % 4];
    const [mean, std] = [IMAGENET_MEAN[row] ?? 0, IMAGENET_STD[row] ?? 1];
    if (column === 3) return -mean / std;
    return column === row ? 1 / std : 0;
  });
  return {
    images: Uint8Array.from({ length: size * crop * crop * 3 }, () => random() % 256),
    color,
    targets: null,
    labels: Int32Array.from({ length: size }, () => random() % CLASSES),
    indices: Int32Array.from({ length: size }, (_, index) => index),
    size,
    number: 0,
    release() {},
  };
}
