// @ts-check
// The parts of a recipe for small images, as changes of the demo's configuration, and those of
// `fashion_recipe` together.

/** @typedef {import('./fashion.mjs').Config} Config */
/** @typedef {import('./suites.mjs').Row} Row */
/** @typedef {{ name: string, change: (config: Config) => Config }} Part */

const EPOCHS = 12;
/** The parts of `fashion_recipe`. Training accuracy is low at this length, so regularizing gains nothing. */
export const TOGETHER_PARTS = ['cosine', 'resolution'];

/** @type {(config: Config, change: Partial<Config['optimizer']>) => Config} */
const optimizing = (config, change) => ({ ...config, optimizer: { ...config.optimizer, ...change } });
/** @type {(change: Partial<Config['augmentation']>) => (config: Config) => Config} */
const augmenting = (change) => (config) => ({
  ...config,
  augmentation: { ...config.augmentation, ...change },
});
/** @type {(change: Partial<Config['mix']>) => (config: Config) => Config} */
const mixing = (change) => (config) => ({ ...config, mix: { ...config.mix, ...change } });

/** @type {readonly Part[]} */
export const PARTS = [
  // After a warm-up of one epoch.
  {
    name: 'cosine',
    change: (config) => {
      const { epochs, mode } = config.optimizer.schedule;
      const warmup = /** @type {const} */ ({ length: 1, type: 'linear', factor: 0.1 });
      return optimizing(config, {
        schedule: { type: 'cosine', mode, epochs, warmup, params: { min_rate: 0 } },
      });
    },
  },
  // Five times plain's, as is usual for small images, on convolutions and the classifier alone.
  {
    name: 'weight-decay',
    change: (config) => optimizing(config, { weight_decay: 5e-4, decay_norm_and_bias: false }),
  },
  // The images' own size; plain's 24 pixels save a quarter of the time.
  {
    name: 'resolution',
    change: (config) => ({
      ...config,
      input: { ...config.input, crop_train: 28, scale_val: 28, crop_val: 28 },
    }),
  },
  {
    name: 'smoothing',
    change: (config) => ({ ...config, loss: { ...config.loss, label_smoothing: 0.1 } }),
  },
  // Averages over about 500 updates, half an epoch.
  { name: 'ema', change: (config) => ({ ...config, ema: { ...config.ema, decay: 0.998, warmup: true } }) },
  { name: 'mixup', change: mixing({ mixup: 0.2 }) },
  { name: 'cutmix', change: mixing({ cutmix: 1, probability: 0.5 }) },
  // Magnitude 5 of 31: the garment fills most of the 28×28 pixels, and larger shears cut it off.
  { name: 'rand-augment', change: augmenting({ rand_augment: true, rand_augment_magnitude: 5 }) },
  { name: 'trivial-augment', change: augmenting({ trivial_augment: true }) },
  { name: 'erasing', change: augmenting({ random_erasing: 0.25 }) },
  {
    name: 'adamw',
    change: (config) =>
      optimizing(config, {
        type: 'AdamW',
        learning_rate: 2e-3,
        weight_decay: 0.05,
        decay_norm_and_bias: false,
      }),
  },
];

export const PLAIN = 'plain';
export const TOGETHER = 'together';
const ORDINARY = '-ordinary-bn';

/** All names that can be trained. */
export const NAMES = [
  PLAIN,
  ...PARTS.map(({ name }) => name),
  TOGETHER,
  PLAIN + ORDINARY,
  TOGETHER + ORDINARY,
];

/**
 * Plain: the demo's network and optimizer, with a rate that falls to a tenth at half and at five sixths.
 * @param {Config} demo
 * @param {number} [epochs]
 * @returns {Config}
 */
export function plainOf(demo, epochs = EPOCHS) {
  const milestones = [Math.max(1, Math.round(epochs / 2)), Math.max(1, Math.round((5 * epochs) / 6))];
  const { warmup } = demo.optimizer.schedule;
  const params = { milestones, gamma: 0.1 };
  return optimizing(demo, { schedule: { type: 'multistep', mode: 'epoch', epochs, warmup, params } });
}

/**
 * The configuration of a part.
 * @param {Config} plain
 * @param {string} name
 * @returns {Config}
 */
export function partOf(plain, name) {
  const base = name.replace(ORDINARY, '');
  const wanted = base === TOGETHER ? TOGETHER_PARTS : [base];
  const config = PARTS.filter((part) => wanted.includes(part.name)).reduce(
    (so, { change }) => change(so),
    plain,
  );
  if (base === name) return config;
  return { ...config, network: { ...config.network, bn_mode: 'standard' } };
}
